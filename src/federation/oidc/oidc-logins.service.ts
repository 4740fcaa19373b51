import { Injectable } from '@nestjs/common';
import type { TenantHint } from '../../tenancy/tenant-resolver';
import { FederatedTenant } from '../federated-tenant';
import { AuthorizationRequests, type Departure } from './authorization-requests';
import type { OidcProvider } from './oidc-provider';
import { ProviderRegistry } from './provider-registry';

export interface LoginWish {
  readonly provider: string;
  readonly returnTo?: string;
  readonly tenant: TenantHint;
  readonly remember: boolean;
}

/** The beginning of sign-ins at providers. */
@Injectable()
export class OidcLogins {
  constructor(
    private readonly providers: ProviderRegistry,
    private readonly tenants: FederatedTenant,
    private readonly requests: AuthorizationRequests,
  ) {}

  async begin({ provider: name, tenant: hint, returnTo, remember }: LoginWish): Promise<Departure> {
    const tenant = await this.tenants.expected(this.providers.get(name).settings, hint);
    return this.requests.begin({ provider: name, returnTo, ...tenant, remember, link: null });
  }

  /** Those of other tenants are nobody's business here. */
  async list(hint: TenantHint): Promise<OidcProvider[]> {
    const shown = await Promise.all(this.providers.all.map(({ settings }) => this.tenants.serves(settings, hint)));
    return this.providers.all.filter((_, place) => shown[place]);
  }
}
