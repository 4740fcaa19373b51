import { Injectable } from '@nestjs/common';
import type { ClientInfo } from '@latchkey/nest';
import type { StartedLogin } from '../../sign-in/login-issuer';
import { FederatedSignIn } from '../federated-sign-in';
import { FederatedTenant } from '../federated-tenant';
import type { SamlAttempt } from './saml-attempts';
import type { ProvenLogin } from './saml-codes';
import { federatedIdentity, rulesOf, tenantSaid } from './saml-identity';
import { postedMessage } from './saml-message';
import { SamlProof } from './saml-proof';
import { refuse } from './saml-refusal';
import { SamlProviders } from './saml-providers';

export interface SamlAnswer {
  readonly provider: string;
  readonly message: string;
  /** Null: nobody here asked, and the provider may speak first. */
  readonly attempt: SamlAttempt | null;
  readonly host: string | undefined;
}

/** From the answer of a provider to a login. */
@Injectable()
export class SamlSignIn {
  constructor(
    private readonly proof: SamlProof,
    private readonly providers: SamlProviders,
    private readonly tenants: FederatedTenant,
    private readonly signIns: FederatedSignIn,
  ) {}

  /** Uses the answer up, and lets nobody in yet. @throws SamlRefusal; AuthError `unavailable` */
  async prove({ provider: name, message, attempt, host }: SamlAnswer): Promise<ProvenLogin> {
    const { provider, identity } = await this.proof.once(name, postedMessage(message), attempt?.requestId ?? null);
    const { settings, trust } = provider;
    const expected = attempt ?? (await this.tenants.expected(settings, { host }));
    const tenantId = await this.tenants.proven(settings, tenantSaid(settings, identity), expected);
    const { nameId, nameIdFormat, sessionIndex, authnInstant } = identity;
    return {
      identity: { ...federatedIdentity(provider, identity) } as ProvenLogin['identity'],
      samlSession: { provider: name, issuer: trust.issuer, nameId, nameIdFormat, sessionIndex },
      tenantId: tenantId ?? refuse('tenant'),
      remember: attempt?.remember ?? false,
      authTime: authnInstant,
    };
  }

  /** @throws AuthError of `FederatedSignIn` */
  begin({ identity, ...proven }: ProvenLogin, client: ClientInfo): Promise<StartedLogin> {
    const rules = rulesOf(this.providers.settings(identity.provider));
    return this.signIns.signIn(identity, { ...proven, client, amr: [], rules });
  }
}
