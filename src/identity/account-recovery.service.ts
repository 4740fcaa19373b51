import { AuthError } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { TenantWall } from '../database/tenant-wall';
import { AccountChanges } from './account-changes.service';
import { AccountEmailStore } from './account-email.store';
import { AccountCodeStore, type CodePurpose, type PresentedCode } from './codes/account-code.store';
import { hashOfAccountCode } from './codes/account-code-token';
import type { UserRef } from './user.store';

/** A change of address that one of its two codes was used for. */
export interface ChangedAddress extends UserRef {
  /** False: the other code is still to be used. */
  readonly changed: boolean;
  /** The address the account had. */
  readonly oldAddress: string | null;
  readonly newAddress: string;
}

/** What codes that were sent by mail do. Each works once: of many at the same time one is taken. */
@Injectable()
export class AccountRecovery {
  constructor(
    private readonly changes: AccountChanges,
    private readonly codes: AccountCodeStore,
    private readonly emails: AccountEmailStore,
    private readonly events: EventLog,
    private readonly clock: Clock,
    private readonly wall: TenantWall,
  ) {}

  /** Confirms the address that the code was sent to. @throws AuthError `invalid_grant`, like all below. */
  async verifyEmail(code: string): Promise<void> {
    const user = await this.codes.verify(this.presented(code));
    if (!user) throw notValid('verify');
    this.events.record('user_changed', { ...user, kind: 'email_verified' });
  }

  /** Goes on for whose password the code sets, behind the wall of their tenant. Uses nothing up. */
  async resetting<T>(code: string, work: (user: UserRef) => Promise<T>): Promise<T> {
    const user = await this.ownerOf(code, 'reset');
    return this.wall.run(user.tenantId, () => work(user));
  }

  /**
   * Sets the password of the code's owner and proves the mailbox. Signs nobody in, so a second factor stays in force.
   * `endsLogins` false lets other logins go on; their access tokens are renewed.
   */
  async resetPassword(user: UserRef, code: string, passwordHash: string, endsLogins: boolean): Promise<void> {
    const presented = this.presented(code);
    const done = await this.changes.apply(user, {
      kind: 'password',
      reason: 'password_changed',
      endsLogins,
      write: async (tx) => {
        await this.emails.lock(tx, user);
        if (!(await this.codes.use(tx, user, 'reset', presented))) return null;
        await this.emails.setVerified(tx, user, presented.now);
        return this.changes.writePassword(tx, user, passwordHash);
      },
    });
    if (!done) throw notValid('reset');
  }

  /**
   * The change happens with the second of the two codes; what follows from it is done behind the wall of the tenant too.
   * @throws AuthError also `conflict`.
   */
  async confirmEmailChange<T>(code: string, follow: (change: ChangedAddress) => Promise<T>): Promise<T> {
    const user = await this.ownerOf(code, 'change_old', 'change_new');
    return this.wall.run(user.tenantId, async () => follow(await this.changeEmail(user, code)));
  }

  private async changeEmail(user: UserRef, code: string): Promise<ChangedAddress> {
    const presented = this.presented(code);
    let oldAddress: string | null = null;
    let newAddress = '';
    const changed = await this.changes.apply(user, {
      kind: 'email',
      reason: 'email_changed',
      endsLogins: false,
      write: async (tx) => {
        oldAddress = (await this.emails.lock(tx, user))?.email ?? null;
        const half = await this.codes.useHalf(tx, user, presented);
        if (!half) throw notValid('change');
        newAddress = half.newAddress;
        if (!half.otherUsed) return null;
        const generation = await this.emails.setEmail(tx, user, newAddress, presented.now);
        await this.codes.revoke(tx, user);
        return generation;
      },
    });
    return { ...user, changed, oldAddress, newAddress };
  }

  private async ownerOf(code: string, ...purposes: readonly CodePurpose[]): Promise<UserRef> {
    const user = await this.codes.findOwner(this.presented(code), ...purposes);
    if (!user) throw notValid(purposes.join(' '));
    return user;
  }

  private presented(code: string): PresentedCode {
    const hash = hashOfAccountCode(code);
    if (!hash) throw notValid('malformed');
    return { hash, now: this.clock.date() };
  }
}

function notValid(detail: string): AuthError {
  return new AuthError('invalid_grant', 'The code is not valid: it was used, it has expired, or a newer one was sent', {
    detail,
  });
}
