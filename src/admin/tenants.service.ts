import { AuthError } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { IssuancePolicy } from '../strategy/issuance-policy';
import type { Tenant } from '../tenancy/tenant.entity';
import { TenantSettingsStore, type TenantRefusal } from '../tenancy/tenant-settings.store';
import { AdminAudit } from './admin-audit';
import { AdminReach, notFound } from './admin-reach';
import type { AdminScope } from './admin-scope';
import type { ChangeTenantBody, CreateTenantBody, TenantsQuery } from './admin.schemas';
import { pageOf, type Page } from './page';

/** Looks at tenants, makes and changes them. */
@Injectable()
export class AdminTenants {
  constructor(
    private readonly reach: AdminReach,
    private readonly settings: TenantSettingsStore,
    private readonly issuance: IssuancePolicy,
    private readonly audit: AdminAudit,
  ) {}

  list(query: TenantsQuery): Promise<Page<Tenant>> {
    return pageOf(query, (after, limit) => this.settings.page({ after, limit }));
  }

  get(scope: AdminScope, id: string): Promise<Tenant> {
    return this.reach.tenant(scope, id);
  }

  async create(scope: AdminScope, { name, ...tenant }: CreateTenantBody): Promise<Tenant> {
    const made = written(await this.settings.create({ ...tenant, name: name ?? tenant.slug }));
    this.record(scope, made, 'tenant_created');
    return made;
  }

  /**
   * A host decides whose login page strangers see, and the mode what the database carries, so only the platform gives them.
   * @throws AuthError `insufficient_role`, `conflict`, `validation_failed`
   */
  async change(scope: AdminScope, id: string, { reason, ...body }: ChangeTenantBody): Promise<Tenant> {
    const tenant = await this.reach.tenant(scope, id);
    if ((body.hosts || body.mode !== undefined) && !scope.platform) {
      throw new AuthError('insufficient_role', 'Only a platform administrator gives hosts or a mode to a tenant');
    }
    this.requireAccepted(body.mode);
    const changed = written(await this.settings.update(tenant.id, settingsOf(body)));
    this.record(scope, changed, 'tenant_changed', reason);
    return changed;
  }

  private requireAccepted(mode: ChangeTenantBody['mode']): void {
    if (!mode || this.issuance.accepts.includes(mode)) return;
    const message = 'is not among the modes that auth.accept names';
    throw new AuthError('validation_failed', 'Some of what was sent is not valid', {
      errors: [{ pointer: '/mode', message }],
    });
  }

  private record(scope: AdminScope, { id }: Tenant, kind: string, reason?: string): void {
    this.audit.record(scope, { kind, target: { kind: 'tenant', id }, tenantId: id, reason });
  }
}

function settingsOf({ email_domains, access_token_ttl, refresh_token_ttl, ...same }: Omit<ChangeTenantBody, 'reason'>) {
  const renamed = { emailDomains: email_domains, accessTokenTtl: access_token_ttl, refreshTokenTtl: refresh_token_ttl };
  return { ...same, ...renamed };
}

function written(result: Tenant | TenantRefusal): Tenant {
  if (typeof result === 'object') return result;
  if (result === 'slug_taken') throw new AuthError('conflict', 'There is a tenant of this slug already');
  if (result === 'host_taken') throw new AuthError('conflict', 'One of the hosts means another tenant');
  throw notFound('tenant');
}
