import { Injectable } from '@nestjs/common';
import type { AuthContext, ClientInfo } from '@latchkey/nest';
import { AccountChanges } from '../identity/account-changes.service';
import { AccountRecovery } from '../identity/account-recovery.service';
import { UserStore, type UserRef } from '../identity/user.store';
import { LockoutService } from '../protection/lockout.service';
import { NewPasswords } from './new-passwords';
import { PersonNotices } from './person-notices';
import type { ChangePasswordBody, ResetBody } from './recovery.schemas';
import { requirePerson } from './session-directory';

/** New passwords: by a code from a message, or by the old one. */
@Injectable()
export class PasswordChanges {
  constructor(
    private readonly recovery: AccountRecovery,
    private readonly users: UserStore,
    private readonly changes: AccountChanges,
    private readonly passwords: NewPasswords,
    private readonly lockout: LockoutService,
    private readonly notices: PersonNotices,
  ) {}

  /** The code is looked at before anything is hashed, and used up only with a password that is good. */
  reset({ token, password, end_other_sessions: endsLogins }: ResetBody, client: ClientInfo): Promise<void> {
    return this.recovery.resetting(token, async (user) => {
      const owner = (await this.users.findPersonById(user.tenantId, user.userId)) ?? {};
      const hash = await this.passwords.hash(password, '/password', owner);
      await this.recovery.resetPassword(user, token, hash, endsLogins);
      await this.lockout.unlock({ ...user, identifier: user.userId });
      await this.notices.tell('password_changed', user, client);
    });
  }

  /** Spares the login that asks. */
  async change(auth: AuthContext, body: ChangePasswordBody, client: ClientInfo): Promise<void> {
    requirePerson(auth.principal);
    const user = userOf(auth);
    await this.passwords.confirm(user, body.current_password, client);
    const hash = await this.passwords.hash(body.new_password, '/new_password', auth.principal);
    if (body.end_other_sessions) await this.changes.setPasswordHash(user, hash, auth.sessionId);
    else await this.changes.setPasswordHashOnly(user, hash);
    await this.notices.tell('password_changed', user, client);
  }
}

export function userOf({ principal: { tenantId, userId } }: AuthContext): UserRef {
  return { tenantId, userId };
}
