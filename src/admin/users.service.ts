import { AuthError } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { AccountDirectory, type ListedAccount } from '../identity/account-directory.store';
import { PLATFORM_ADMIN } from '../identity/admin-roles';
import { RegistrationService } from '../identity/registration.service';
import { LockoutService } from '../protection/lockout.service';
import { AdminAudit } from './admin-audit';
import { AdminReach } from './admin-reach';
import type { AdminScope } from './admin-scope';
import type { CreateUserBody, UsersQuery } from './admin.schemas';
import { pageOf, type Page } from './page';

/** Looks at accounts and makes them. */
@Injectable()
export class AdminUsers {
  constructor(
    private readonly reach: AdminReach,
    private readonly directory: AccountDirectory,
    private readonly registrations: RegistrationService,
    private readonly lockout: LockoutService,
    private readonly audit: AdminAudit,
  ) {}

  async list(
    scope: AdminScope,
    { tenant_id: named, search, status, role, ...page }: UsersQuery,
  ): Promise<Page<ListedAccount>> {
    const tenant = await this.reach.tenant(scope, named);
    return pageOf(page, (after, limit) => this.directory.page(tenant.id, { search, status, role, after, limit }));
  }

  async get(scope: AdminScope, id: string): Promise<{ account: ListedAccount; lockedUntil: Date | null }> {
    const account = await this.reach.account(scope, id);
    return { account, lockedUntil: await this.lockout.lockedUntil(lockoutNameOf(account)) };
  }

  /** @throws AuthError `not_found` for a tenant out of reach, and what making an account throws. */
  async create(scope: AdminScope, { tenant_id: named, roles = [], ...user }: CreateUserBody): Promise<ListedAccount> {
    const { id: tenantId } = await this.reach.tenant(scope, named);
    assertGrantable(roles);
    const id = await this.registrations.createUser({ ...user, tenantId, roles: [...new Set(roles)] });
    this.audit.record(scope, { kind: 'user_created', target: { kind: 'user', id }, tenantId });
    return this.reach.account(scope, id);
  }
}

/** How the lock of an account is named. */
export function lockoutNameOf({ id, tenantId, email, username }: ListedAccount) {
  return { tenantId, identifier: email ?? username ?? '', userId: id };
}

/** @throws AuthError `insufficient_role` for a role that nobody can give from here. */
export function assertGrantable(roles: readonly string[], held: readonly string[] = []): void {
  if (!roles.includes(PLATFORM_ADMIN) || held.includes(PLATFORM_ADMIN)) return;
  throw new AuthError('insufficient_role', `The role ${PLATFORM_ADMIN} is given on the command line alone`);
}
