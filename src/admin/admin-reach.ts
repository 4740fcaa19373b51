import { AuthError } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import type { ListedClient } from '../clients/client';
import { ClientStore } from '../clients/client.store';
import { Clock } from '../common/clock';
import { EventLog, type EventParty } from '../common/event-log';
import { AccountDirectory, type ListedAccount } from '../identity/account-directory.store';
import { PLATFORM_ADMIN } from '../identity/admin-roles';
import type { Tenant } from '../tenancy/tenant.entity';
import { TenantStore } from '../tenancy/tenant.store';
import { reaches, type AdminScope } from './admin-scope';

/**
 * Finds what an administrator names. What is another tenant's is answered like what never was; that somebody asked for
 * it is recorded.
 */
@Injectable()
export class AdminReach {
  constructor(
    private readonly accounts: AccountDirectory,
    private readonly tenants: TenantStore,
    private readonly clients: ClientStore,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  /** @throws AuthError `not_found`, like all below. */
  async tenant(scope: AdminScope, id: string = scope.tenantId): Promise<Tenant> {
    const tenant = await this.tenants.findById(id);
    if (!tenant) throw notFound('tenant');
    if (!reaches(scope, tenant.id)) throw this.foreign(scope, { kind: 'tenant', id });
    return tenant;
  }

  async account(scope: AdminScope, id: string): Promise<ListedAccount> {
    const tenantId = await this.accounts.tenantOf(id);
    if (tenantId !== null && !reaches(scope, tenantId)) throw this.foreign(scope, { kind: 'user', id });
    const account = tenantId === null ? null : await this.accounts.find(tenantId, id);
    if (!account) throw notFound('user');
    return account;
  }

  /**
   * An account that is to be changed. Whoever administers one tenant could otherwise become a platform administrator
   * of the same tenant, by a new password.
   * @throws AuthError `insufficient_role`
   */
  async accountToChange(scope: AdminScope, id: string): Promise<ListedAccount> {
    const account = await this.account(scope, id);
    if (scope.platform || !account.roles.includes(PLATFORM_ADMIN)) return account;
    throw new AuthError('insufficient_role', 'Only another platform administrator may change this account');
  }

  /** A client that is bound to several tenants belongs to none of them. */
  async client(scope: AdminScope, id: string): Promise<ListedClient> {
    const client = await this.clients.find(id, this.clock.date());
    if (!client) throw notFound('client');
    if (scope.platform || isBoundTo(client, scope.tenantId)) return client;
    throw this.foreign(scope, { kind: 'client', id });
  }

  /** For what is found by its id alone. */
  assertReaches(scope: AdminScope, tenantId: string, target: EventParty): void {
    if (!reaches(scope, tenantId)) throw this.foreign(scope, target);
  }

  private foreign({ actorId, tenantId }: AdminScope, target: EventParty): AuthError {
    this.events.record('cross_tenant_attempt', { tenantId, userId: actorId, target });
    return notFound(target.kind);
  }
}

function isBoundTo({ tenants }: ListedClient, tenantId: string): boolean {
  return tenants !== 'all' && tenants.length === 1 && tenants[0] === tenantId;
}

export function notFound(what: string): AuthError {
  return new AuthError('not_found', `There is no such ${what}`);
}
