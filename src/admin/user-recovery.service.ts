import { Injectable } from '@nestjs/common';
import { FactorReset } from '../identity/factor-reset';
import { AccountUnlock } from '../identity/account-unlock.service';
import { AdminAudit } from './admin-audit';
import { AdminReach } from './admin-reach';
import type { AdminScope } from './admin-scope';
import { assertNotSelf, refOf } from './user-changes.service';
import { lockoutNameOf } from './users.service';

/** Lets people in again who have shut themselves out. */
@Injectable()
export class AdminRecovery {
  constructor(
    private readonly reach: AdminReach,
    private readonly locks: AccountUnlock,
    private readonly factors: FactorReset,
    private readonly audit: AdminAudit,
  ) {}

  /** Forgets wrong passwords; false when there were none. */
  async unlock(scope: AdminScope, id: string): Promise<boolean> {
    const account = await this.reach.accountToChange(scope, id);
    const unlocked = await this.locks.unlock(lockoutNameOf(account));
    this.audit.record(scope, { kind: 'user_unlocked', target: { kind: 'user', id }, tenantId: account.tenantId });
    return unlocked;
  }

  /** Removes every second factor; how many there were. */
  async resetFactors(scope: AdminScope, id: string, reason: string): Promise<number> {
    const account = await this.reach.accountToChange(scope, id);
    assertNotSelf(scope, account, 'reset your own second factors');
    const removed = await this.factors.reset(refOf(account));
    const { tenantId } = account;
    this.audit.record(scope, { kind: 'user_factors_reset', target: { kind: 'user', id }, tenantId, reason });
    return removed;
  }
}
