import { Injectable } from '@nestjs/common';
import { Database } from '../database/database';

/** One attempt that holds a place until it is settled. */
export interface ReservedAttempt {
  readonly accountKey: Buffer;
  /** `(startedAtMs << 20) | random20`; sorts by time and tells attempts of one millisecond apart. */
  readonly place: bigint;
}

export interface Moment {
  readonly now: Date;
  /** Reservations that started before it are dead. */
  readonly oldestLive: bigint;
}

export interface Failure {
  readonly now: Date;
  readonly maxAttempts: number;
  /** Until when the failure is remembered, and the account locked when it was the last one allowed. */
  readonly until: Date;
}

// A lock that has passed, or failures long ago, count for nothing.
const FAILURES = (now: string) =>
  `CASE WHEN a.locked_until <= ${now} OR a.expires_at <= ${now} THEN 0 ELSE a.failures END`;
const LIVE = `ARRAY(SELECT p FROM unnest(a.pending) AS p WHERE p >= $4::bigint)`;

const RESERVE = {
  name: 'attempt_reserve',
  text: `
    INSERT INTO login_attempts AS a (account_key, pending, expires_at) VALUES ($1, ARRAY[$2::bigint], $3)
    ON CONFLICT (account_key) DO UPDATE
       SET pending = ${LIVE} || $2::bigint,
           failures = ${FAILURES('$3')},
           locked_until = NULL,
           expires_at = GREATEST(a.expires_at, $3)
     WHERE (a.locked_until IS NULL OR a.locked_until <= $3)
       AND ${FAILURES('$3')} + cardinality(${LIVE}) < $5::integer
    RETURNING true AS reserved`,
};

const BLOCKED_UNTIL = {
  name: 'attempt_blocked_until',
  text: `
    SELECT CASE WHEN a.locked_until > $2 THEN a.locked_until ELSE a.expires_at END AS until
      FROM login_attempts a
     WHERE a.account_key = $1
       AND (a.locked_until > $2 OR (a.locked_until IS NULL AND a.expires_at > $2 AND a.failures >= $3::integer))`,
};

const FAIL = {
  name: 'attempt_fail',
  text: `
    INSERT INTO login_attempts AS a (account_key, failures, locked_until, expires_at)
    VALUES ($1, 1, CASE WHEN $5::integer <= 1 THEN $4::timestamptz END, $4)
    ON CONFLICT (account_key) DO UPDATE
       SET pending = array_remove(a.pending, $2::bigint),
           failures = ${FAILURES('$3::timestamptz')} + 1,
           locked_until = CASE WHEN a.locked_until > $3 THEN a.locked_until
                               WHEN ${FAILURES('$3')} + 1 >= $5 THEN $4 END,
           expires_at = $4
    RETURNING a.locked_until IS NOT DISTINCT FROM $4 AS locked`,
};

const SUCCEED = {
  name: 'attempt_succeed',
  text: `
    UPDATE login_attempts SET pending = array_remove(pending, $2::bigint), failures = 0, locked_until = NULL
     WHERE account_key = $1`,
};

const RELEASE = {
  name: 'attempt_release',
  text: `UPDATE login_attempts SET pending = array_remove(pending, $2::bigint) WHERE account_key = $1`,
};

const UNLOCK = {
  name: 'attempt_unlock',
  text: `
    UPDATE login_attempts SET failures = 0, locked_until = NULL
     WHERE account_key = $1 AND (failures > 0 OR locked_until IS NOT NULL) RETURNING true AS unlocked`,
};

const PURGE = {
  name: 'attempts_purge',
  text: `
    DELETE FROM login_attempts WHERE account_key IN (
      SELECT a.account_key FROM login_attempts a
       WHERE a.expires_at <= $1 AND NOT EXISTS (SELECT 1 FROM unnest(a.pending) AS p WHERE p >= $2::bigint)
       ORDER BY a.expires_at LIMIT $3 FOR UPDATE SKIP LOCKED)
    RETURNING 1`,
};

/** Counts password attempts per account. Each method is one statement, so parallel attempts cannot slip past the limit. */
@Injectable()
export class LoginAttemptStore {
  constructor(private readonly database: Database) {}

  /** False when the account is locked or its failures and live reservations have reached the limit. Prunes dead reservations. */
  async reserve(attempt: ReservedAttempt, moment: Moment, maxAttempts: number): Promise<boolean> {
    const values = [attempt.accountKey, String(attempt.place), moment.now, String(moment.oldestLive), maxAttempts];
    return (await this.database.first(RESERVE, values)) !== null;
  }

  /** Until when failures alone refuse the account; null when they do not. */
  async findBlockedUntil(accountKey: Buffer, now: Date, maxAttempts: number): Promise<Date | null> {
    const row = await this.database.first<{ until: Date }>(BLOCKED_UNTIL, [accountKey, now, maxAttempts]);
    return row?.until ?? null;
  }

  /** Counts a wrong password and gives its place back; true when it locked the account. */
  async fail(attempt: ReservedAttempt, failure: Failure): Promise<boolean> {
    const values = [attempt.accountKey, String(attempt.place), failure.now, failure.until, failure.maxAttempts];
    return (await this.database.first<{ locked: boolean }>(FAIL, values))?.locked ?? false;
  }

  /** Forgets the failures and gives the place back. */
  async succeed(attempt: ReservedAttempt): Promise<void> {
    await this.database.rows(SUCCEED, [attempt.accountKey, String(attempt.place)]);
  }

  /** Gives the place of an attempt back that was never judged. */
  async release(attempt: ReservedAttempt): Promise<void> {
    await this.database.rows(RELEASE, [attempt.accountKey, String(attempt.place)]);
  }

  /** True when there was something to forget. */
  async unlock(accountKey: Buffer): Promise<boolean> {
    return (await this.database.first(UNLOCK, [accountKey])) !== null;
  }

  /** Removes at most `limit` rows that say nothing any more, and returns how many. */
  async purgeExpired(moment: Moment, limit: number): Promise<number> {
    return (await this.database.rows(PURGE, [moment.now, String(moment.oldestLive), limit])).length;
  }
}
