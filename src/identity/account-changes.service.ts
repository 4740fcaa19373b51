import { AuthError, type Revocation, type RevocationReason } from '@latchkey/nest';
import type { Clock } from '../common/clock';
import type { EventLog } from '../common/event-log';
import type { Database, Queryable } from '../database/database';
import type { RevocationFeed } from '../revocation/revocation-feed';
import type { RevocationStore } from '../revocation/revocation.store';
import type { UserRef, UserStore } from './user.store';

/** Where a change of an account is written and told. */
export interface ChangeOutlets {
  readonly database: Database;
  readonly revocations: RevocationStore;
  readonly feed: RevocationFeed;
  readonly events: EventLog;
  readonly clock: Clock;
}

interface Change {
  readonly kind: string;
  readonly reason: RevocationReason;
  /** False: access tokens are renewed, the logins go on. */
  readonly endsLogins: boolean;
  /** The login that is spared, such as the one that changes the password. */
  readonly exceptSessionId?: string;
  /** The new generation, or null when there is no such user. */
  readonly write: (tx: Queryable) => Promise<number | null>;
}

/** Changes that tokens already issued must feel: the row and its revocation are one transaction. */
export class AccountChanges {
  constructor(
    private readonly users: UserStore,
    private readonly outlets: ChangeOutlets,
  ) {}

  /** Ends every login of the account. @throws AuthError `not_found`, like all below. */
  disable(user: UserRef): Promise<void> {
    const write = (tx: Queryable) => this.users.setStatus(tx, user, 'disabled');
    return this.change(user, { kind: 'disabled', reason: 'account_disabled', endsLogins: true, write });
  }

  /** Lets the account sign in again; logins that were ended stay ended. */
  enable(user: UserRef): Promise<void> {
    const write = (tx: Queryable) => this.users.setStatus(tx, user, 'active');
    return this.change(user, { kind: 'enabled', reason: 'account_disabled', endsLogins: true, write });
  }

  /** Nobody is signed out: access tokens that carry the old roles must be refreshed. */
  setRoles(user: UserRef, roles: readonly string[]): Promise<void> {
    const write = (tx: Queryable) => this.users.setRoles(tx, user, roles);
    return this.change(user, { kind: 'roles', reason: 'roles_changed', endsLogins: false, write });
  }

  /** `passwordHash` comes from the hasher. Ends every login but the spared one. */
  setPasswordHash(user: UserRef, passwordHash: string, exceptSessionId?: string): Promise<void> {
    const write = (tx: Queryable) => this.users.setPasswordHash(tx, user, passwordHash);
    return this.change(user, {
      kind: 'password',
      reason: 'password_changed',
      endsLogins: true,
      exceptSessionId,
      write,
    });
  }

  private async change(user: UserRef, change: Change): Promise<void> {
    const revocation = await this.outlets.database.transaction((tx) => this.write(tx, user, change));
    if (!revocation) throw new AuthError('not_found', 'There is no such user');
    this.outlets.feed.announce(revocation);
    this.outlets.events.record('user_changed', { ...user, kind: change.kind });
  }

  private async write(tx: Queryable, user: UserRef, change: Change): Promise<Revocation | null> {
    const generation = await change.write(tx);
    if (generation === null) return null;
    return this.outlets.revocations.append(tx, {
      target: { kind: 'user', ...user, exceptSessionId: change.exceptSessionId },
      generation,
      endsLogin: change.endsLogins,
      reason: change.reason,
      now: this.outlets.clock.date(),
    });
  }
}
