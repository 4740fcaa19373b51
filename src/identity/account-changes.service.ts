import { AuthError, type Revocation, type RevocationReason } from '@latchkey/nest';
import type { Clock } from '../common/clock';
import type { EventLog } from '../common/event-log';
import type { Database, Queryable } from '../database/database';
import type { RevocationFeed } from '../revocation/revocation-feed';
import type { RevocationStore } from '../revocation/revocation.store';
import type { DeviceStore } from './factors/device.store';
import type { AccountCodeStore } from './codes/account-code.store';
import type { UserRef, UserStore } from './user.store';

/** Where a change of an account is written and told. */
export interface ChangeOutlets {
  readonly database: Database;
  readonly revocations: RevocationStore;
  readonly codes: AccountCodeStore;
  readonly devices: DeviceStore;
  readonly feed: RevocationFeed;
  readonly events: EventLog;
  readonly clock: Clock;
}

/** Throws what speaks against a change, in the transaction that makes it. */
export type ChangeCheck = (tx: Queryable) => Promise<void>;

/** One change: what is written, and what it does to tokens already issued. */
export interface AccountChange {
  readonly kind: string;
  readonly reason: RevocationReason;
  /** False: access tokens are renewed, the logins go on. */
  readonly endsLogins: boolean;
  /** The login that is spared, such as the one that changes the password. */
  readonly exceptSessionId?: string;
  readonly check?: ChangeCheck;
  /** The new generation, or null when nothing is to change; what it wrote before is kept then. */
  readonly write: (tx: Queryable) => Promise<number | null>;
}

/** A change of second factors. */
export interface FactorChange {
  readonly kind: string;
  readonly endsLogins: boolean;
  readonly exceptSessionId?: string;
}

/** Changes that tokens already issued must feel: the row and its revocation are one transaction. */
export class AccountChanges {
  constructor(
    private readonly users: UserStore,
    private readonly outlets: ChangeOutlets,
  ) {}

  /** Ends every login of the account, and every code that was sent by mail. @throws AuthError `not_found`, like all below. */
  disable(user: UserRef, check?: ChangeCheck): Promise<void> {
    const write = async (tx: Queryable) => {
      const generation = await this.users.setStatus(tx, user, 'disabled');
      if (generation !== null) await this.outlets.codes.revoke(tx, user);
      return generation;
    };
    return this.change(user, { kind: 'disabled', reason: 'account_disabled', endsLogins: true, check, write });
  }

  /** Lets the account sign in again; logins that were ended stay ended. */
  enable(user: UserRef): Promise<void> {
    const write = (tx: Queryable) => this.users.setStatus(tx, user, 'active');
    return this.change(user, { kind: 'enabled', reason: 'account_disabled', endsLogins: true, write });
  }

  /** Nobody is signed out: access tokens that carry the old roles must be refreshed. */
  setRoles(user: UserRef, roles: readonly string[], check?: ChangeCheck): Promise<void> {
    const write = (tx: Queryable) => this.users.setRoles(tx, user, roles);
    return this.change(user, { kind: 'roles', reason: 'roles_changed', endsLogins: false, check, write });
  }

  /** `passwordHash` comes from the hasher. Ends every login but the spared one, and every code that was sent by mail. */
  setPasswordHash(user: UserRef, passwordHash: string, exceptSessionId?: string): Promise<void> {
    return this.change(user, {
      kind: 'password',
      reason: 'password_changed',
      endsLogins: true,
      exceptSessionId,
      write: (tx) => this.writePassword(tx, user, passwordHash),
    });
  }

  /** Whether the account needs a second factor, whatever its tenant says. Who has none sets one up at the next login. */
  setMfaRequired(user: UserRef, required: boolean): Promise<void> {
    const write = (tx: Queryable) => this.users.setMfaRequired(tx, user, required);
    return this.change(user, { kind: 'mfa_required', reason: 'factors_changed', endsLogins: required, write });
  }

  /**
   * What `write` did, in one transaction with its consequences: no device stands for a second factor any more, challenges
   * under way are worth nothing, and logins end. Null, and nothing has happened, when `write` says so.
   */
  async changeFactors<T>(
    user: UserRef,
    { kind, endsLogins, exceptSessionId }: FactorChange,
    write: (tx: Queryable) => Promise<T | null>,
  ): Promise<T | null> {
    const { result, revocation } = await this.outlets.database.transaction(async (tx) => {
      const generation = await this.users.raiseGeneration(tx, user);
      if (generation === null) throw new AuthError('not_found', 'There is no such user');
      const written = await write(tx);
      if (written === null) return { result: null, revocation: null };
      await this.outlets.devices.untrustAll(tx, user);
      const how = { generation, endsLogin: true, reason: 'factors_changed', now: this.outlets.clock.date() } as const;
      const target = { kind: 'user', ...user, exceptSessionId } as const;
      return {
        result: written,
        revocation: endsLogins ? await this.outlets.revocations.append(tx, { target, ...how }) : null,
      };
    });
    if (revocation) this.outlets.feed.announce(revocation);
    if (result !== null) this.outlets.events.record('factor_changed', { ...user, kind });
    return result;
  }

  /** The same as `setPasswordHash` without ending logins: access tokens are renewed. */
  setPasswordHashOnly(user: UserRef, passwordHash: string): Promise<void> {
    const write = (tx: Queryable) => this.writePassword(tx, user, passwordHash);
    return this.change(user, { kind: 'password', reason: 'password_changed', endsLogins: false, write });
  }

  /** Part of a change: the new generation, or null when there is no such user. */
  async writePassword(tx: Queryable, user: UserRef, passwordHash: string): Promise<number | null> {
    const generation = await this.users.setPasswordHash(tx, user, passwordHash);
    if (generation === null) return null;
    await this.outlets.devices.untrustAll(tx, user);
    await this.outlets.codes.revoke(tx, user);
    return generation;
  }

  /** False when nothing was to change. */
  async apply({ tenantId, userId }: UserRef, change: AccountChange): Promise<boolean> {
    const user = { tenantId, userId };
    const revocation = await this.outlets.database.transaction((tx) => this.write(tx, user, change));
    if (!revocation) return false;
    this.outlets.feed.announce(revocation);
    this.outlets.events.record('user_changed', { ...user, kind: change.kind });
    return true;
  }

  /** Nobody signs in with a password until one is set. Ends every login. */
  removePassword(user: UserRef, check?: ChangeCheck): Promise<void> {
    const write = (tx: Queryable) => this.users.setPasswordHash(tx, user, null);
    return this.change(user, { kind: 'password', reason: 'password_changed', endsLogins: true, check, write });
  }

  /** Tokens show the new name once they are refreshed. */
  rename(user: UserRef, name: string | null): Promise<void> {
    const write = (tx: Queryable) => this.users.setName(tx, user, name);
    return this.change(user, { kind: 'name', reason: 'roles_changed', endsLogins: false, write });
  }

  /** Removes the account; what ends its logins stays behind, so that its tokens are refused like any others. */
  delete(user: UserRef, check?: ChangeCheck): Promise<void> {
    const write = (tx: Queryable) => this.users.delete(tx, user);
    return this.change(user, { kind: 'deleted', reason: 'account_disabled', endsLogins: true, check, write });
  }

  private async change(user: UserRef, change: AccountChange): Promise<void> {
    if (!(await this.apply(user, change))) throw new AuthError('not_found', 'There is no such user');
  }

  private async write(tx: Queryable, user: UserRef, change: AccountChange): Promise<Revocation | null> {
    await change.check?.(tx);
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
