import { Injectable } from '@nestjs/common';
import type { TenantHint } from '../../tenancy/tenant-resolver';
import { SamlAttempts } from './saml-attempts';
import type { Departure } from './saml-http';
import { SamlProviders } from './saml-providers';
import { SamlTenant } from './saml-tenant';
import { loginUrl, newMessageId, serviceMetadata } from './service-messages';

export interface SamlLoginWish {
  readonly provider: string;
  readonly returnTo?: string;
  readonly tenant: TenantHint;
  readonly remember: boolean;
}

/** The beginning of sign-ins at providers of SAML. */
@Injectable()
export class SamlLogins {
  constructor(
    private readonly providers: SamlProviders,
    private readonly tenants: SamlTenant,
    private readonly attempts: SamlAttempts,
  ) {}

  /** @throws AuthError `not_found`, `validation_failed`, `unavailable` */
  async begin({ provider: name, returnTo, tenant, remember }: SamlLoginWish): Promise<Departure> {
    const target = this.attempts.target(returnTo);
    const expected = await this.tenants.expected(this.providers.settings(name), tenant);
    const provider = await this.providers.get(name);
    const requestId = newMessageId();
    const cookie = this.attempts.kept({ provider: name, requestId, returnTo: target, ...expected, remember });
    return { location: await loginUrl(provider, requestId), cookies: [cookie] };
  }

  /** Needs nothing of the provider: it is what the provider is configured with. */
  metadata(name: string): string {
    return serviceMetadata(this.providers.entityId(name), this.providers.urls(name), this.providers.settings(name));
  }
}
