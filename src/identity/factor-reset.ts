import type { UserRef } from './user.store';

/** Takes the second factors of an account away, for somebody who has lost them. */
export abstract class FactorReset {
  /** Ends every login of the account when there was a factor. Resolves with how many were removed. */
  abstract reset(user: UserRef): Promise<number>;
}
