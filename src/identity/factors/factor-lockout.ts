import { LockoutService } from '../../protection/lockout.service';

/** Counts wrong codes per account: across logins, challenges, restarts and processes, and apart from passwords. */
export class FactorLockout extends LockoutService {}
