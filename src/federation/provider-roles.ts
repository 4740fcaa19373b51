import { Injectable } from '@nestjs/common';
import { AccountChanges } from '../identity/account-changes.service';
import { PLATFORM_ADMIN } from '../identity/admin-roles';
import { UserStore, type UserRef } from '../identity/user.store';
import { TenantStore } from '../tenancy/tenant.store';
import { DEFAULT_TENANT_SLUG } from '../tenancy/tenant.entity';
import type { FederatedIdentity, FederationRules } from './federated-identity';

/** Roles that a provider gives and takes away. Those that it has no say in stay as they are. */
@Injectable()
export class ProviderRoles {
  constructor(
    private readonly users: UserStore,
    private readonly changes: AccountChanges,
    private readonly tenants: TenantStore,
  ) {}

  /** What an account of this tenant may hold of them. */
  async of({ roles = [] }: FederatedIdentity, tenantId: string): Promise<readonly string[]> {
    if (!roles.includes(PLATFORM_ADMIN)) return roles;
    const tenant = await this.tenants.findById(tenantId);
    return tenant?.slug === DEFAULT_TENANT_SLUG ? roles : roles.filter((role) => role !== PLATFORM_ADMIN);
  }

  async apply(user: UserRef, identity: FederatedIdentity, { governsRole }: FederationRules): Promise<void> {
    if (!identity.roles || !governsRole) return;
    const person = await this.users.findPersonById(user.tenantId, user.userId);
    if (!person) return;
    const given = await this.of(identity, user.tenantId);
    const roles = [...new Set([...person.roles.filter((role) => !governsRole(role)), ...given])];
    const same = roles.length === person.roles.length && roles.every((role) => person.roles.includes(role));
    if (!same) await this.changes.setRoles(user, roles);
  }
}
