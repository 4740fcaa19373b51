import { Inject, Injectable } from '@nestjs/common';
import type { AuthContext } from '@latchkey/nest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { CurrentPeople } from '../identity/current-people';
import { PasskeyStore, type Passkey } from '../identity/factors/passkey.store';
import { RecoveryCodes } from '../identity/factors/recovery-codes';
import type { SecondFactorState } from '../identity/user.store';
import { userOf } from './factor-settings.service';
import { requirePerson } from './session-directory';

export interface FactorOverview {
  readonly state: SecondFactorState;
  readonly passkeys: readonly Passkey[];
  readonly recoveryCodesLeft: number;
  readonly required: boolean;
}

/** What a person can prove themselves with beside the password. No secret. */
@Injectable()
export class FactorOverviews {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly people: CurrentPeople,
    private readonly passkeys: PasskeyStore,
    private readonly recovery: RecoveryCodes,
  ) {}

  async of(auth: AuthContext): Promise<FactorOverview> {
    requirePerson(auth.principal);
    const user = userOf(auth);
    const { secondFactors: state } = await this.people.get(user);
    const required = state.required ?? this.config.auth.mfa.required;
    const passkeys = await this.passkeys.list(user);
    return { state, passkeys, recoveryCodesLeft: await this.recovery.count(user), required };
  }

  /** Null when it is none of theirs. */
  async rename(auth: AuthContext, id: string, name: string): Promise<Passkey | null> {
    requirePerson(auth.principal);
    return this.passkeys.rename(userOf(auth), id, name);
  }
}
