import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { isUuid } from '../../common/uuid';
import type { SamlProviderConfig } from '../../config/config';
import type { Tenant } from '../../tenancy/tenant.entity';
import { TenantResolver, type TenantHint } from '../../tenancy/tenant-resolver';
import { TenantStore } from '../../tenancy/tenant.store';
import { refuse, refuseUnless } from './saml-refusal';

export interface ExpectedTenant {
  readonly tenantId: string;
  readonly tenantNamed: boolean;
}

/** Which tenant a sign-in is for: the one of the provider, else the one that the assertion names, else the one of the request. */
@Injectable()
export class SamlTenant {
  constructor(
    private readonly resolver: TenantResolver,
    private readonly tenants: TenantStore,
  ) {}

  /** Before the provider has said anything. @throws AuthError `not_found` when the provider is not for this tenant. */
  async expected({ tenant: own }: SamlProviderConfig, hint: TenantHint): Promise<ExpectedTenant> {
    const asked = await this.resolver.resolve(hint);
    const tenant = own === undefined ? asked : await this.named(own);
    const tenantNamed = hint.tenantId != null;
    if (!tenant || (tenantNamed && asked?.id !== tenant.id))
      throw new AuthError('not_found', 'There is no such tenant');
    return { tenantId: tenant.id, tenantNamed };
  }

  /** The id. Where an attribute names tenants, whoever has none belongs to none. @throws SamlRefusal */
  async proven(settings: SamlProviderConfig, said: string | null, expected: ExpectedTenant): Promise<string> {
    if (settings.attributes.tenant === undefined) return expected.tenantId;
    const tenant = (said === null ? null : await this.named(said)) ?? refuse('tenant');
    const bound = expected.tenantNamed || settings.tenant !== undefined;
    refuseUnless(!bound || tenant.id === expected.tenantId, 'tenant');
    return tenant.id;
  }

  private named(idOrSlug: string): Promise<Tenant | null> {
    return isUuid(idOrSlug) ? this.tenants.findById(idOrSlug) : this.tenants.findBySlug(idOrSlug);
  }
}
