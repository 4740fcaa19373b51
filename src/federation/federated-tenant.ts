import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { isUuid } from '../common/uuid';
import type { Tenant } from '../tenancy/tenant.entity';
import { TenantResolver, type TenantHint } from '../tenancy/tenant-resolver';
import { TenantStore } from '../tenancy/tenant.store';

/** What the configuration of a provider says about tenants. */
export interface TenantRules {
  /** Id or slug of the one tenant that it serves. */
  readonly tenant?: string;
}

export interface ExpectedTenant {
  readonly tenantId: string;
  /** The request named it: the provider must not name another. */
  readonly tenantNamed: boolean;
}

/** Which tenant a sign-in is for: the one that the provider serves, else the one that it names, else the one of the request. */
@Injectable()
export class FederatedTenant {
  constructor(
    private readonly resolver: TenantResolver,
    private readonly tenants: TenantStore,
  ) {}

  /** Before the provider has said anything. @throws AuthError `not_found` when the provider is not for this tenant. */
  async expected({ tenant: own }: TenantRules, hint: TenantHint): Promise<ExpectedTenant> {
    const asked = await this.resolver.resolve(hint);
    const tenant = own === undefined ? asked : await this.named(own);
    const tenantNamed = hint.tenantId != null;
    if (!tenant || (tenantNamed && asked?.id !== tenant.id)) throw noSuchTenant();
    return { tenantId: tenant.id, tenantNamed };
  }

  /** False where the provider is another tenant's. @throws AuthError `not_found` */
  async serves({ tenant: own }: TenantRules, hint: TenantHint): Promise<boolean> {
    const asked = await this.resolver.resolve(hint);
    if (!asked) throw noSuchTenant();
    return own === undefined || own === asked.slug || own === asked.id;
  }

  /**
   * The id, or null when the sign-in is for no tenant. `said`: the id or slug that the provider named; undefined where it
   * is not asked. Where it is asked, whoever has none belongs to none.
   */
  async proven(
    { tenant: own }: TenantRules,
    said: string | null | undefined,
    { tenantId, tenantNamed }: ExpectedTenant,
  ): Promise<string | null> {
    if (said === undefined) return tenantId;
    const tenant = said === null ? null : await this.named(said);
    const bound = tenantNamed || own !== undefined;
    return tenant && !(bound && tenant.id !== tenantId) ? tenant.id : null;
  }

  private named(idOrSlug: string): Promise<Tenant | null> {
    return isUuid(idOrSlug) ? this.tenants.findById(idOrSlug) : this.tenants.findBySlug(idOrSlug);
  }
}

function noSuchTenant(): AuthError {
  return new AuthError('not_found', 'There is no such tenant');
}
