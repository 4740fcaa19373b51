import { createHmac, randomInt } from 'node:crypto';
import { AuthError } from '@latchkey/nest';
import type { Clock } from '../common/clock';
import type { EventLog } from '../common/event-log';
import { foldAscii } from '../common/fold-ascii';
import type { LoginAttemptStore, Moment, ReservedAttempt } from './login-attempt.store';

export interface LockoutSettings {
  /** Wrong passwords in a row before the account is locked. */
  readonly maxAttempts: number;
  /** How long it stays locked and how long a failure is remembered, in milliseconds. */
  readonly duration: number;
  /** Keys the account names, so that a copy of the table names nobody. */
  readonly key: Buffer;
}

/** An account as it was asked for; it need not exist. */
export interface AccountName {
  /** Null: no such tenant. */
  readonly tenantId: string | null;
  readonly identifier: string;
  /** Where there is such an account: all its identifiers share one count. */
  readonly userId?: string;
  /** A device that is known to be theirs has a count of its own. */
  readonly deviceId?: string;
}

/** A place held for one password comparison. Settle it once: `succeeded`, `failed` or `release`. */
export interface Reservation extends ReservedAttempt {
  readonly account: AccountName;
}

/** After so long an unsettled reservation is taken for one of a dead process. */
export const RESERVATION_LIFE_MS = 30_000;

const PLACE_BITS = 20;

/** Limits wrong passwords per account, known or not: a place is reserved before hashing and settled after. */
export class LockoutService {
  constructor(
    private readonly attempts: LoginAttemptStore,
    private readonly settings: LockoutSettings,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  /** Throws `account_locked`, or `rate_limited` when so many attempts are pending that more could exceed the limit. */
  async reserve(account: AccountName): Promise<Reservation> {
    const startedAt = this.clock.now();
    const place = placeAt(startedAt) | BigInt(randomInt(2 ** PLACE_BITS));
    const reservation = { account, accountKey: this.keyOf(account), place };
    const { maxAttempts } = this.settings;
    if (await this.attempts.reserve(reservation, momentAt(startedAt), maxAttempts)) return reservation;
    throw await this.refusal(reservation.accountKey);
  }

  /** The password was right: earlier failures are forgotten. */
  succeeded(reservation: Reservation): Promise<void> {
    return this.attempts.succeed(reservation);
  }

  /** The password was wrong. */
  async failed(reservation: Reservation): Promise<void> {
    const { maxAttempts, duration } = this.settings;
    const now = this.clock.now();
    const failure = { now: new Date(now), until: new Date(now + duration), maxAttempts };
    const locked = await this.attempts.fail(reservation, failure);
    const { tenantId, userId } = reservation.account;
    if (locked) this.events.record('account_locked', { tenantId: tenantId ?? undefined, userId });
  }

  /** The password was never judged; counts for nothing. */
  release(reservation: Reservation): Promise<void> {
    return this.attempts.release(reservation);
  }

  /** Forgets failures and lock of one account; false when there were none. */
  async unlock(account: AccountName & { tenantId: string }): Promise<boolean> {
    const unlocked = await this.attempts.unlock(this.keyOf(account));
    if (unlocked) this.events.record('account_unlocked', { tenantId: account.tenantId });
    return unlocked;
  }

  /** Until when the account is locked; null when it is not. */
  lockedUntil(account: AccountName): Promise<Date | null> {
    return this.attempts.findBlockedUntil(this.keyOf(account), this.clock.date(), this.settings.maxAttempts);
  }

  /** Removes at most `limit` rows that no longer matter by `now`, and returns how many. */
  purgeExpired(now: Date, limit: number): Promise<number> {
    return this.attempts.purgeExpired(momentAt(now.getTime()), limit);
  }

  private async refusal(accountKey: Buffer): Promise<AuthError> {
    const now = this.clock.date();
    const until = await this.attempts.findBlockedUntil(accountKey, now, this.settings.maxAttempts);
    if (!until) return new AuthError('rate_limited', 'Too many attempts at once; try again shortly', { retryAfter: 1 });
    const retryAfter = Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000));
    return new AuthError('account_locked', 'Too many wrong passwords; try again later', { retryAfter });
  }

  // Unknown names are lower-cased as identifiers are, so that they behave like those of an account.
  private keyOf({ tenantId, identifier, userId, deviceId }: AccountName): Buffer {
    if (deviceId) return this.hashOf(`device\n${deviceId}`);
    const name = userId ? `account\n${userId}` : `${tenantId ?? ''}\n${foldAscii(identifier)}`;
    return this.hashOf(name);
  }

  private hashOf(name: string): Buffer {
    return createHmac('sha256', this.settings.key).update(name, 'utf8').digest();
  }
}

function placeAt(milliseconds: number): bigint {
  return BigInt(milliseconds) << BigInt(PLACE_BITS);
}

function momentAt(now: number): Moment {
  return { now: new Date(now), oldestLive: placeAt(now - RESERVATION_LIFE_MS) };
}
