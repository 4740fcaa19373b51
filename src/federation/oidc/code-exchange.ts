import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import type { StartedLogin } from '../../sign-in/login-issuer';
import type { TenantHint } from '../../tenancy/tenant-resolver';
import { FederatedTenant } from '../federated-tenant';
import { ProviderRegistry } from './provider-registry';
import { ProviderSignIn } from './provider-sign-in';

/** An application has run the authorization request itself. */
export interface Exchange {
  readonly code: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly nonce?: string;
  /** The parameter of the response, RFC 9207. */
  readonly iss?: string;
  readonly tenant: TenantHint;
  readonly client: ClientInfo;
  readonly remember: boolean;
}

/** Exchanges authorization codes that applications got, for tokens of this service. */
@Injectable()
export class CodeExchange {
  constructor(
    private readonly providers: ProviderRegistry,
    private readonly tenants: FederatedTenant,
    private readonly signIns: ProviderSignIn,
  ) {}

  /** @throws AuthError `validation_failed` for a redirect URI that is not listed. */
  async exchange(name: string, { redirectUri, code, iss, ...exchange }: Exchange): Promise<StartedLogin> {
    const provider = this.providers.get(name);
    if (!provider.settings.redirectUris.includes(redirectUri)) {
      const errors = [{ pointer: '/redirect_uri', message: 'is not one of this provider' }];
      throw new AuthError('validation_failed', 'Some of what was sent is not valid', { errors });
    }
    const { verifier, nonce, tenant: hint, client, remember } = exchange;
    const tenant = await this.tenants.expected(provider.settings, hint);
    const url = new URL(redirectUri);
    url.search = new URLSearchParams({ code, ...(iss !== undefined && { iss }) }).toString();
    const response = { provider: name, url, expected: { verifier, nonce } };
    return this.signIns.signIn(response, { ...tenant, client, remember });
  }
}
