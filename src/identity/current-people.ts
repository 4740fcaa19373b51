import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { verifiedPerson } from './person';
import { UserStore, type SecondFactorState, type UserRef } from './user.store';
import type { VerifiedPerson } from './verified-person';

export interface CurrentPerson {
  readonly person: VerifiedPerson;
  readonly secondFactors: SecondFactorState;
}

/** People as they are now, for what goes on after a proof. */
@Injectable()
export class CurrentPeople {
  constructor(private readonly users: UserStore) {}

  /** @throws AuthError `account_disabled`; `invalid_credentials` when the account is gone. */
  async get({ tenantId, userId }: UserRef): Promise<CurrentPerson> {
    const stored = await this.users.findPersonById(tenantId, userId);
    if (!stored) throw new AuthError('invalid_credentials', 'The credentials are not right', { detail: 'no account' });
    if (stored.status !== 'active') throw new AuthError('account_disabled', 'This account is disabled');
    return { person: verifiedPerson(stored), secondFactors: stored.secondFactors };
  }
}
