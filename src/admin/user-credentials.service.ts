import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { encodeBase62 } from '../common/base62';
import { AccountChanges } from '../identity/account-changes.service';
import { Administrators } from '../identity/administrators.store';
import { PasswordHasher } from '../identity/passwords/password-hasher';
import { AdminAudit } from './admin-audit';
import { AdminReach } from './admin-reach';
import type { AdminScope } from './admin-scope';
import type { ResetPasswordBody } from './admin.schemas';
import { assertNotSelf, refOf } from './user-changes.service';

/** In bytes; beyond guessing, and short enough to be read out. */
const TEMPORARY = 15;

/** Replaces the password of somebody who has lost it, or lost control of it. */
@Injectable()
export class AdminPasswords {
  constructor(
    private readonly reach: AdminReach,
    private readonly changes: AccountChanges,
    private readonly administrators: Administrators,
    private readonly hasher: PasswordHasher,
    private readonly audit: AdminAudit,
  ) {}

  /** The temporary password, or null. It is in this answer and nowhere else. Every login of the account ends. */
  async reset(scope: AdminScope, id: string, { action, reason }: ResetPasswordBody): Promise<string | null> {
    const account = await this.reach.accountToChange(scope, id);
    assertNotSelf(scope, account, 'reset your own password');
    const password = action === 'temporary' ? encodeBase62(randomBytes(TEMPORARY)) : null;
    if (password === null)
      await this.changes.removePassword(refOf(account), this.administrators.remain(refOf(account)));
    else await this.changes.setPasswordHash(refOf(account), await this.hasher.hash(password));
    const kind = password === null ? 'user_password_removed' : 'user_password_reset';
    this.audit.record(scope, { kind, target: { kind: 'user', id }, tenantId: account.tenantId, reason });
    return password;
  }
}
