import { Injectable } from '@nestjs/common';
import type { TenantHint } from '../../tenancy/tenant-resolver';
import { AuthorizationRequests, type Departure } from './authorization-requests';
import type { OidcProvider } from './oidc-provider';
import { ProviderRegistry } from './provider-registry';
import { SignInTenant } from './sign-in-tenant';

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
    private readonly tenants: SignInTenant,
    private readonly requests: AuthorizationRequests,
  ) {}

  async begin({ provider: name, tenant: hint, returnTo, remember }: LoginWish): Promise<Departure> {
    const provider = this.providers.get(name);
    const tenant = await this.tenants.expected(provider, hint);
    const named = { tenantId: tenant.id, tenantNamed: hint.tenantId != null };
    return this.requests.begin({ provider: name, returnTo, ...named, remember, link: null });
  }

  /** Those of other tenants are nobody's business here. */
  async list(hint: TenantHint): Promise<OidcProvider[]> {
    const shown = await Promise.all(this.providers.all.map((provider) => this.tenants.serves(provider, hint)));
    return this.providers.all.filter((_, place) => shown[place]);
  }
}
