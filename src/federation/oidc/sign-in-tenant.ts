import { Injectable } from '@nestjs/common';
import { TenantResolver, type TenantHint } from '../../tenancy/tenant-resolver';
import type { Tenant } from '../../tenancy/tenant.entity';
import { TenantStore } from '../../tenancy/tenant.store';
import { isUuid } from '../../common/uuid';
import { AuthError } from '@latchkey/nest';
import { notProven, type ProvenSignIn } from './claims-reader';
import type { OidcProvider } from './oidc-provider';

export interface ExpectedTenant {
  readonly tenantId: string;
  /** The request named it: the claims must not name another. */
  readonly tenantNamed: boolean;
}

/** Which tenant a sign-in is for: the one of the provider, else the one that its claims name, else the one of the request. */
@Injectable()
export class SignInTenant {
  constructor(
    private readonly resolver: TenantResolver,
    private readonly tenants: TenantStore,
  ) {}

  /** Before the provider has said anything. @throws AuthError `not_found` when the provider is not for this tenant. */
  async expected({ settings }: OidcProvider, hint: TenantHint): Promise<Tenant> {
    const own = settings.tenant === undefined ? null : await this.named(settings.tenant);
    const asked = await this.resolver.resolve(hint);
    const named = hint.tenantId != null;
    const tenant = settings.tenant === undefined ? asked : own;
    if (!tenant || (named && asked?.id !== tenant.id)) throw new AuthError('not_found', 'There is no such tenant');
    return tenant;
  }

  /** False where the provider is another tenant's. */
  async serves({ settings }: OidcProvider, hint: TenantHint): Promise<boolean> {
    const asked = await this.resolver.resolve(hint);
    if (!asked) throw new AuthError('not_found', 'There is no such tenant');
    return settings.tenant === undefined || settings.tenant === asked.slug || settings.tenant === asked.id;
  }

  /** The id. Where claims name tenants, what names none belongs to none. @throws AuthError `federated_login_failed` */
  async proven({ provider, tenant }: ProvenSignIn, { tenantId, tenantNamed }: ExpectedTenant): Promise<string> {
    if (provider.claims.tenant === null) return tenantId;
    const named = tenant === null ? null : await this.named(tenant);
    if (!named) throw notProven('no known tenant in the claims');
    const bound = tenantNamed || provider.settings.tenant !== undefined;
    if (bound && named.id !== tenantId) throw notProven('another tenant in the claims');
    return named.id;
  }

  private named(idOrSlug: string): Promise<Tenant | null> {
    return isUuid(idOrSlug) ? this.tenants.findById(idOrSlug) : this.tenants.findBySlug(idOrSlug);
  }
}
