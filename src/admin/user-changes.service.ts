import { AuthError } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { AccountChanges } from '../identity/account-changes.service';
import type { ListedAccount } from '../identity/account-directory.store';
import { assertNames, assertRoles } from '../identity/account-rules';
import { ADMIN_ROLES } from '../identity/admin-roles';
import { Administrators } from '../identity/administrators.store';
import type { UserRef } from '../identity/user.store';
import { AdminAudit } from './admin-audit';
import { AdminReach } from './admin-reach';
import type { AdminScope } from './admin-scope';
import type { ChangeUserBody } from './admin.schemas';
import { assertGrantable } from './users.service';

/** Changes accounts. Nobody shuts themselves out, and a tenant keeps an administrator: else `conflict`. */
@Injectable()
export class AdminUserChanges {
  constructor(
    private readonly reach: AdminReach,
    private readonly changes: AccountChanges,
    private readonly administrators: Administrators,
    private readonly audit: AdminAudit,
  ) {}

  /** One thing at a time, so that each is one transaction and one entry of the audit. */
  async change(scope: AdminScope, id: string, body: ChangeUserBody): Promise<ListedAccount> {
    const account = await this.reach.accountToChange(scope, id);
    const kind = await this.apply(scope, account, body);
    this.record(scope, account, kind, body.reason);
    return this.reach.account(scope, id);
  }

  async delete(scope: AdminScope, id: string, reason: string): Promise<void> {
    const account = await this.reach.accountToChange(scope, id);
    assertNotSelf(scope, account, 'delete your own account');
    await this.changes.delete(refOf(account), this.administrators.remain(refOf(account)));
    this.record(scope, account, 'user_deleted', reason);
  }

  private async apply(scope: AdminScope, account: ListedAccount, body: ChangeUserBody): Promise<string> {
    if (body.roles !== undefined) return this.setRoles(scope, account, [...new Set(body.roles)]);
    if (body.status === 'disabled') return this.disable(scope, account);
    if (body.mfa_required !== undefined) {
      await this.changes.setMfaRequired(refOf(account), body.mfa_required);
      return 'user_mfa_required_set';
    }
    if (body.status === 'active') {
      await this.changes.enable(refOf(account));
      return 'user_enabled';
    }
    const { email, username } = account;
    assertNames({ email, username, name: body.name });
    await this.changes.rename(refOf(account), body.name ?? null);
    return 'user_renamed';
  }

  private async setRoles(scope: AdminScope, account: ListedAccount, roles: string[]): Promise<string> {
    assertRoles(roles);
    assertGrantable(roles, account.roles);
    const lost = account.roles.some((role) => ADMIN_ROLES.includes(role) && !roles.includes(role));
    if (lost) assertNotSelf(scope, account, 'take a role of an administrator from yourself');
    await this.changes.setRoles(refOf(account), roles, this.administrators.remain(refOf(account), roles));
    return 'user_roles_set';
  }

  private async disable(scope: AdminScope, account: ListedAccount): Promise<string> {
    assertNotSelf(scope, account, 'disable your own account');
    await this.changes.disable(refOf(account), this.administrators.remain(refOf(account)));
    return 'user_disabled';
  }

  private record(scope: AdminScope, { id, tenantId }: ListedAccount, kind: string, reason?: string): void {
    this.audit.record(scope, { kind, target: { kind: 'user', id }, tenantId, reason });
  }
}

/** @throws AuthError `conflict` */
export function assertNotSelf({ actorId }: AdminScope, { id }: ListedAccount, what: string): void {
  if (actorId === id) throw new AuthError('conflict', `You cannot ${what}: ask another administrator`);
}

export function refOf({ tenantId, id: userId }: ListedAccount): UserRef {
  return { tenantId, userId };
}
