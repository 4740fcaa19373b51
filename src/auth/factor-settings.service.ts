import { Inject, Injectable } from '@nestjs/common';
import { AuthError, type AuthContext } from '@latchkey/nest';
import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { CurrentPeople } from '../identity/current-people';
import { FactorChanges, type SparedLogins } from '../identity/factors/factor-changes';
import { Passkeys } from '../identity/factors/passkeys';
import { Totp, type TotpEnrolment } from '../identity/factors/totp';
import type { SecondFactorState, UserRef } from '../identity/user.store';
import { requirePerson } from './session-directory';

/** A signed-in person looks after their second factors. Who has one already must have proven it in this login. */
@Injectable()
export class FactorSettingsService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly people: CurrentPeople,
    private readonly changes: FactorChanges,
    private readonly totp: Totp,
    private readonly passkeys: Passkeys,
  ) {}

  async beginTotp(auth: AuthContext): Promise<TotpEnrolment> {
    await this.admit(auth);
    return this.totp.begin(userOf(auth), labelOf(auth));
  }

  /** Recovery codes, where the account had none. */
  async confirmTotp(auth: AuthContext, code: string, endsOthers: boolean): Promise<string[]> {
    await this.admit(auth);
    const user = userOf(auth);
    const confirmation = await this.totp.confirms(user, code);
    const codes = confirmation && (await this.changes.addTotp(user, confirmation, sparing(auth, endsOthers)));
    return codes ?? wrongCode();
  }

  async removeTotp(auth: AuthContext, endsOthers: boolean): Promise<void> {
    const { passkey, ...factors } = await this.admit(auth);
    if (factors.totp && !passkey) this.requireDispensable(factors);
    if (await this.changes.removeTotp(userOf(auth), sparing(auth, endsOthers))) return;
    throw new AuthError('not_found', 'No authenticator application is set up');
  }

  async renewRecoveryCodes(auth: AuthContext, endsOthers: boolean): Promise<string[]> {
    const { totp, passkey } = await this.admit(auth);
    if (!totp && !passkey) throw new AuthError('conflict', 'Set up a second factor first');
    return this.changes.renewRecoveryCodes(userOf(auth), sparing(auth, endsOthers));
  }

  async passkeyOptions(auth: AuthContext) {
    await this.admit(auth);
    const label = labelOf(auth);
    return this.passkeys.creationOptions({
      ...userOf(auth),
      userName: label,
      displayName: auth.principal.name ?? label,
    });
  }

  async addPasskey(auth: AuthContext, response: RegistrationResponseJSON, name: string, endsOthers: boolean) {
    await this.admit(auth);
    const user = userOf(auth);
    const passkey = await this.passkeys.created(user, response, name);
    return this.changes.addPasskey(user, passkey, sparing(auth, endsOthers));
  }

  /** False when it is none of theirs. */
  async removePasskey(auth: AuthContext, id: string, endsOthers: boolean, others: number): Promise<boolean> {
    const { totp, ...factors } = await this.admit(auth);
    if (!totp && others === 0) this.requireDispensable(factors);
    return this.changes.removePasskey(userOf(auth), id, sparing(auth, endsOthers));
  }

  /** Whoever has a second factor must have proven it: a login by password alone changes nothing about it. */
  private async admit(auth: AuthContext): Promise<SecondFactorState> {
    requirePerson(auth.principal);
    const { secondFactors } = await this.people.get(userOf(auth));
    const enrolled = secondFactors.totp || secondFactors.passkey;
    if (enrolled && !auth.amr.includes('mfa')) {
      throw new AuthError('insufficient_assurance', 'Confirm with your second factor', {
        extensions: { acr_values: 'mfa' },
      });
    }
    return secondFactors;
  }

  private requireDispensable({ required }: Pick<SecondFactorState, 'required'>): void {
    if (!(required ?? this.config.auth.mfa.required)) return;
    throw new AuthError('conflict', 'A second factor is required here: set another one up first');
  }
}

export function userOf({ principal }: AuthContext): UserRef {
  return { tenantId: principal.tenantId, userId: principal.userId };
}

function labelOf({ principal }: AuthContext): string {
  return principal.email ?? principal.username ?? principal.userId;
}

function sparing({ sessionId }: AuthContext, endsOthers: boolean): SparedLogins {
  return { endsLogins: endsOthers, exceptSessionId: sessionId };
}

export function wrongCode(): never {
  throw new AuthError('invalid_mfa_code', 'The code is not right');
}
