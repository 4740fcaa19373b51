import type { Generations, Principal } from '@latchkey/nest';
import type { Queryable } from '../database/database';
import type { SessionView, SuccessorKind } from './auth-strategy';

/** Kinds of grant that a row stands behind. */
export type RowKind = Exclude<SuccessorKind, 'untracked_jwt'>;

export interface SessionOwner {
  readonly tenantId: string;
  readonly userId: string;
}

/** Hashes and expiries of one generation of a login. */
export interface GrantHashes {
  readonly kind: RowKind;
  /** Null when the access token is a JWT. */
  readonly accessHash: Buffer | null;
  readonly accessExpiresAt: Date;
  readonly refreshHash: Buffer;
}

export interface NewSession extends SessionOwner {
  readonly id: string;
  readonly grant: GrantHashes;
  readonly generations: Generations;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly device: string | null;
  readonly amr: readonly string[];
  readonly authTime: Date;
  readonly now: Date;
  /** Deadline of the login. */
  readonly expiresAt: Date;
}

/** A login carried on: the row is found by its id, or made when the login had none. */
export interface CarriedSession extends NewSession {
  /** Hash of the refresh token that was consumed. */
  readonly parentHash: Buffer;
  /** The replaced access token is honoured until then. */
  readonly parentAccessUntil: Date;
}

export interface HandedOverSession extends SessionOwner {
  readonly id: string;
  readonly parentHash: Buffer;
  readonly parentAccessUntil: Date;
  readonly now: Date;
}

/** All that an opaque access token is judged by, in one snapshot. */
export interface AccessRecord {
  readonly session: SessionView;
  readonly principal: Principal;
  readonly generations: Generations;
  readonly authTime: Date;
  readonly accessHash: Buffer | null;
  readonly accessExpiresAt: Date | null;
  readonly previousAccessHash: Buffer | null;
  readonly previousAccessUntil: Date | null;
  readonly revoked: boolean;
  /** Only of a copy: when its row was read, in milliseconds since the epoch. What is made of it ages from then on. */
  readonly readAt?: number;
}

/**
 * Keeps logins. Unknown, expired and foreign ids are "not there"; errors are for failures of the system. Revoking and
 * deleting what is absent is a no-op. Nothing but hashes of tokens reaches a store.
 */
export abstract class SessionStore {
  /** On its own, or as part of the caller's transaction. */
  abstract create(session: NewSession, tx?: Queryable): Promise<void>;
  /** At most one statement. A store that keeps copies may answer with one that `accepts`; without it, with any live one. */
  abstract findForAccess(id: string, accepts?: (copy: AccessRecord) => boolean): Promise<AccessRecord | null>;
  /** Null when the login is revoked or went another way meanwhile; repeating the same call gives the same row. */
  abstract carryOn(session: CarriedSession): Promise<SessionView | null>;
  /** The login goes on without a row: not listed, still revocable. False when it is revoked or went another way. */
  abstract handOver(session: HandedOverSession): Promise<boolean>;
  /** Live, listed logins, latest activity first; at most 500. */
  abstract list(owner: SessionOwner, now: Date): Promise<SessionView[]>;
  /** Marks one login; true when a live row was there. */
  abstract revoke(tx: Queryable, session: SessionOwner & { id: string; reason: string; now: Date }): Promise<boolean>;
  /** Marks every live login of a user but one; returns their ids. */
  abstract revokeAll(
    tx: Queryable,
    of: SessionOwner & { exceptId: string | null; reason: string; now: Date },
  ): Promise<readonly string[]>;
  /** Moves last activity forward, never back. Ids without a row are passed over. */
  abstract recordActivity(seen: ReadonlyMap<string, number>): Promise<void>;
  /** Removes at most `limit` rows whose login is over; returns how many. */
  abstract purgeExpired(now: Date, limit: number): Promise<number>;
}
