import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import type { SamlProviderConfig } from '../../config/config';
import type { TenantHint } from '../../tenancy/tenant-resolver';
import { FederatedTenant } from '../federated-tenant';
import { SamlAttempts } from './saml-attempts';
import type { CodeAudience } from './saml-codes';
import type { Departure } from './saml-http';
import { SamlProviders } from './saml-providers';
import { loginUrl, newMessageId, serviceMetadata } from './service-messages';

export interface SamlLoginWish {
  readonly provider: string;
  readonly returnTo?: string;
  readonly tenant: TenantHint;
  readonly remember: boolean;
  /** An application takes the login over, instead of this browser. */
  readonly exchange?: CodeAudience;
}

/** The beginning of sign-ins at providers of SAML. */
@Injectable()
export class SamlLogins {
  constructor(
    private readonly providers: SamlProviders,
    private readonly tenants: FederatedTenant,
    private readonly attempts: SamlAttempts,
  ) {}

  /** @throws AuthError `not_found`, `validation_failed`, `unavailable` */
  async begin({ provider: name, returnTo, tenant, remember, exchange }: SamlLoginWish): Promise<Departure> {
    const settings = this.providers.settings(name);
    if (exchange) requireListed(settings, exchange.redirectUri);
    const target = exchange?.redirectUri ?? this.attempts.target(returnTo);
    const expected = await this.tenants.expected(settings, tenant);
    const provider = await this.providers.get(name);
    const requestId = newMessageId();
    const cookie = this.attempts.kept({ provider: name, requestId, returnTo: target, ...expected, remember, exchange });
    return { location: await loginUrl(provider, requestId), cookies: [cookie] };
  }

  /** Needs nothing of the provider: it is what the provider is configured with. */
  metadata(name: string): string {
    return serviceMetadata(this.providers.entityId(name), this.providers.urls(name), this.providers.settings(name));
  }
}

function requireListed({ redirectUris }: SamlProviderConfig, redirectUri: string): void {
  if (redirectUris.includes(redirectUri)) return;
  const errors = [{ pointer: '/redirect_uri', message: 'is not one of this provider' }];
  throw new AuthError('validation_failed', 'Some of what was sent is not valid', { errors });
}
