import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import type { StartedLogin } from '../../sign-in/login-issuer';
import { SamlCodes, type CodeProof } from './saml-codes';
import { SamlProviders } from './saml-providers';
import { SamlRefusal } from './saml-refusal';
import { SamlRefusals } from './saml-refusals';
import { SamlSignIn } from './saml-sign-in';

/** Applications take over logins that they began in a browser, and get tokens as JSON. */
@Injectable()
export class SamlExchange {
  constructor(
    private readonly providers: SamlProviders,
    private readonly codes: SamlCodes,
    private readonly signIns: SamlSignIn,
    private readonly refusals: SamlRefusals,
  ) {}

  /** @throws AuthError `not_found`, `federated_login_failed`, and whatever `FederatedSignIn` does */
  async exchange(provider: string, proof: CodeProof, client: ClientInfo): Promise<StartedLogin> {
    this.providers.settings(provider);
    const login = await this.codes.take(provider, proof).catch((error: unknown): never => {
      if (error instanceof AuthError || !(error instanceof SamlRefusal)) throw error;
      throw this.refusals.told(error, provider, client);
    });
    return this.signIns.begin(login, client);
  }
}
