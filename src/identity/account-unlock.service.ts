import { Injectable } from '@nestjs/common';
import { LockoutService, type AccountName } from '../protection/lockout.service';
import { FactorLockout } from './factors/factor-lockout';

/** Forgets what locks an account: wrong passwords and wrong codes. */
@Injectable()
export class AccountUnlock {
  constructor(
    private readonly passwords: LockoutService,
    private readonly codes: FactorLockout,
  ) {}

  /** False when there was nothing to forget. */
  async unlock(account: AccountName & { tenantId: string }): Promise<boolean> {
    const passwords = await this.passwords.unlock(account);
    const codes = await this.codes.unlock(account);
    return passwords || codes;
  }
}
