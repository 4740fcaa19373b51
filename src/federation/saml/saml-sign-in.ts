import { Injectable } from '@nestjs/common';
import type { ClientInfo } from '@latchkey/nest';
import type { TokenGrant } from '../../strategy/auth-strategy';
import { FederatedSignIn } from '../federated-sign-in';
import type { SamlAttempt } from './saml-attempts';
import { federatedIdentity, rulesOf, tenantSaid } from './saml-identity';
import { SamlProof } from './saml-proof';
import { postedMessage } from './saml-message';
import { SamlTenant } from './saml-tenant';

export interface SamlAnswer {
  readonly provider: string;
  readonly message: string;
  /** Null: nobody here asked, and the provider may speak first. */
  readonly attempt: SamlAttempt | null;
  readonly host: string | undefined;
  readonly client: ClientInfo;
}

/** From the answer of a provider to a login. */
@Injectable()
export class SamlSignIn {
  constructor(
    private readonly proof: SamlProof,
    private readonly tenants: SamlTenant,
    private readonly signIns: FederatedSignIn,
  ) {}

  /** @throws SamlRefusal; AuthError of `FederatedSignIn`, `unavailable` */
  async signIn({ provider, message, attempt, host, client }: SamlAnswer): Promise<TokenGrant> {
    const answer = await this.proof.once(provider, postedMessage(message), attempt?.requestId ?? null);
    const { settings } = answer.provider;
    const expected = attempt ?? (await this.tenants.expected(settings, { host }));
    const tenantId = await this.tenants.proven(settings, tenantSaid(settings, answer.identity), expected);
    const { nameId, nameIdFormat, sessionIndex } = answer.identity;
    const { name, trust } = answer.provider;
    const { grant } = await this.signIns.signIn(federatedIdentity(answer.provider, answer.identity), {
      tenantId,
      client,
      remember: attempt?.remember ?? false,
      amr: [],
      authTime: answer.identity.authnInstant,
      rules: rulesOf(settings),
      samlSession: { provider: name, issuer: trust.issuer, nameId, nameIdFormat, sessionIndex },
    });
    return grant;
  }
}
