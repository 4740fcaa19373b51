import type { AuthMode, ClientInfo, Generations, Principal } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import { Database, type Statement } from '../database/database';
import type { VerifiedPerson } from '../identity/verified-person';
import { TERMS, termsOf, type TermsRow } from '../tenancy/login-terms';
import type { NamedLogin, SuccessorKind } from './auth-strategy';
import type { BindingRule } from './client-binding';

/** The decision that is recorded when this call is the first to present the token. */
export interface Consumption {
  readonly sessionId: string;
  readonly tokenHash: Buffer;
  readonly successors: Successors;
  /** Root key that the successor is derived with. */
  readonly keyId: string;
  readonly now: Date;
  /** First presentations of one login's tokens within a minute; more are not decided. */
  readonly mostPerMinute: number;
}

/** What a refresh may be carried on as: the tenant's mode decides, else `mode`. */
export interface Successors {
  readonly mode: AuthMode;
  /** Modes that a tenant may have chosen. */
  readonly accepts: readonly AuthMode[];
  readonly statelessKind: SuccessorKind;
  /** Hashes of the successor's refresh token, as an opaque one and as a JWT. */
  readonly opaqueHash: Buffer;
  readonly jwtHash: Buffer;
}

/** What a login with a row is held to. */
export interface RowConditions {
  /** Idle when it was not active since. */
  readonly activeSince: Date;
  readonly binding: BindingRule;
  readonly client: ClientInfo;
}

/** A login known by its verified JWT refresh token alone. */
export interface UntrackedLogin {
  readonly tenantId: string;
  readonly userId: string;
  readonly generations: Generations;
  readonly deadline: Date;
}

/** The person behind a refresh token, as of this refresh. */
export interface LoginState {
  readonly person: VerifiedPerson;
  /** What a decision of now makes of it. */
  readonly successorKind: SuccessorKind;
  /** False when the login is revoked or past its deadline, or the account is not active. */
  readonly live: boolean;
  /** True when this call's decision was recorded: it was the first. */
  readonly decided: boolean;
  /** Set when it was not decided because the login's minute is used up: when the oldest refresh of that minute was. */
  readonly spentSince: Date | null;
}

export interface RowLogin extends LoginState {
  readonly deadline: Date;
  readonly amr: readonly string[];
  readonly authTime: Date;
  /** False when the login is bound to another client; nothing was decided then. */
  readonly sameClient: boolean;
}

/** What was decided when the token was first presented. */
export interface RecordedDecision {
  readonly consumedAt: Date;
  readonly successorKind: SuccessorKind;
  readonly keyId: string;
  /** The successor was itself consumed: nobody needs it a second time. */
  readonly successorConsumed: boolean;
  /** The successor was decided but never took the row over: the process died between the two. */
  readonly unapplied: boolean;
}

interface StateRow extends TermsRow {
  tenant_id: string;
  user_id: string;
  email: string | null;
  username: string | null;
  name: string | null;
  roles: string[];
  successor_kind: SuccessorKind;
  global_generation: number;
  tenant_generation: number;
  user_generation: number;
  live: boolean;
  decided: boolean;
  expires_at: Date;
  amr: string[];
  auth_time: Date;
  same_client: boolean;
  spent_since: Date | null;
}

type GenerationsRow = Pick<StateRow, 'global_generation' | 'tenant_generation' | 'user_generation'>;

const PERSON = `u.tenant_id, u.id AS user_id, u.email, u.username, u.name, u.roles,
                u.generation AS user_generation, t.generation AS tenant_generation, i.generation AS global_generation,
                ${TERMS}`;

const SUCCESSOR_KIND = `CASE CASE WHEN t.mode = ANY ($5::text[]) THEN t.mode ELSE $4::text END
                             WHEN 'stateful' THEN 'session' ELSE $6::text END AS successor_kind`;

const SUCCESSOR_HASH = `CASE successor_kind WHEN 'untracked_jwt' THEN $8::bytea ELSE $7::bytea END`;

const RECORD = `INSERT INTO consumed_refresh_tokens (token_hash, tenant_id, user_id, session_id, consumed_at, successor_kind,
                                                     successor_hash, key_id, expires_at)`;

const SPENT_SINCE = `(SELECT c.consumed_at FROM consumed_refresh_tokens c
                         WHERE c.session_id = $1 AND c.tenant_id = u.tenant_id AND c.user_id = u.id
                           AND c.consumed_at > $3::timestamptz - interval '1 minute'
                         ORDER BY c.consumed_at DESC OFFSET $10::integer - 1 LIMIT 1)`;

// ON CONFLICT waits for a concurrent first presentation to commit: one of them decides.
const CONSUME_ROW: Statement = {
  name: 'refresh_consume_row',
  text: `WITH login AS (
           SELECT ${PERSON}, ${SUCCESSOR_KIND}, s.expires_at, s.amr, s.auth_time, s.refresh_hash,
                  CASE $12::text WHEN 'ip' THEN s.ip_address IS NOT DISTINCT FROM $13
                                 WHEN 'user_agent' THEN s.user_agent IS NOT DISTINCT FROM $14 ELSE true END AS same_client,
                  CASE WHEN s.refresh_hash = $2 THEN ${SPENT_SINCE} END AS spent_since,
                  (u.status = 'active' AND s.revoked_at IS NULL AND s.expires_at > $3 AND s.last_activity_at >= $11
                   AND NOT login_is_revoked(s.tenant_id, s.user_id, s.id,
                                            s.global_generation, s.tenant_generation, s.user_generation)) AS live
             FROM sessions s
             JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
             JOIN tenants t ON t.id = s.tenant_id
            CROSS JOIN instance i
            WHERE s.id = $1
         ), decided AS (
           ${RECORD}
           SELECT $2, tenant_id, user_id, $1::uuid, $3::timestamptz, successor_kind, ${SUCCESSOR_HASH}, $9, expires_at
             FROM login WHERE live AND same_client AND refresh_hash = $2 AND spent_since IS NULL
           ON CONFLICT (token_hash) DO NOTHING RETURNING 1
         )
         SELECT login.*, EXISTS (SELECT 1 FROM decided) AS decided FROM login`,
};

const CONSUME_UNTRACKED: Statement = {
  name: 'refresh_consume_untracked',
  text: `WITH login AS (
           SELECT ${PERSON}, ${SUCCESSOR_KIND}, CASE WHEN $17::boolean THEN ${SPENT_SINCE} END AS spent_since,
                  (u.status = 'active' AND s.revoked_at IS NULL
                   AND NOT login_is_revoked(u.tenant_id, u.id, $1::uuid, $13::integer, $14::integer, $15::integer)) AS live
             FROM users u
             JOIN tenants t ON t.id = u.tenant_id
            CROSS JOIN instance i
             LEFT JOIN sessions s ON s.id = $1 AND s.tenant_id = u.tenant_id AND s.user_id = u.id
            WHERE u.tenant_id = $11 AND u.id = $12
         ), decided AS (
           ${RECORD}
           SELECT $2::bytea, tenant_id, user_id, $1, $3::timestamptz, successor_kind, ${SUCCESSOR_HASH}, $9, $16::timestamptz
             FROM login WHERE live AND $17 AND spent_since IS NULL
           ON CONFLICT (token_hash) DO NOTHING RETURNING 1
         )
         SELECT login.*, EXISTS (SELECT 1 FROM decided) AS decided FROM login`,
};

const FIND_DECISION: Statement = {
  name: 'refresh_find_decision',
  text: `SELECT c.consumed_at, c.successor_kind, c.key_id,
                EXISTS (SELECT 1 FROM consumed_refresh_tokens n WHERE n.token_hash = c.successor_hash) AS successor_consumed,
                EXISTS (SELECT 1 FROM sessions s WHERE s.id = c.session_id AND s.refresh_hash = c.token_hash)
                OR (c.successor_kind <> 'untracked_jwt'
                    AND NOT EXISTS (SELECT 1 FROM consumed_refresh_tokens n WHERE n.token_hash = c.successor_hash)
                    AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = c.session_id AND s.handed_over_at IS NULL))
                AS unapplied
           FROM consumed_refresh_tokens c
          WHERE c.token_hash = $1 AND c.session_id = $2`,
};

const FIND_LOGIN: Statement = {
  name: 'refresh_find_login',
  text: `SELECT s.tenant_id, s.user_id, s.global_generation, s.tenant_generation, s.user_generation
           FROM sessions s
          WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > $3
            AND ($2 IN (s.access_hash, s.previous_access_hash, s.refresh_hash)
                 OR EXISTS (SELECT 1 FROM consumed_refresh_tokens c WHERE c.token_hash = $2 AND c.session_id = s.id))`,
};

// Two that come at once agree on one time: the row lock makes the second see what the first wrote.
const REOPEN: Statement = {
  name: 'refresh_reopen',
  text: `UPDATE consumed_refresh_tokens
            SET consumed_at = CASE WHEN consumed_at < $3::timestamptz THEN $4::timestamptz ELSE consumed_at END
          WHERE token_hash = $1 AND session_id = $2 RETURNING consumed_at`,
};

const PURGE: Statement = {
  name: 'refresh_purge',
  text: `WITH expired AS (SELECT token_hash FROM consumed_refresh_tokens WHERE expires_at <= $1 LIMIT $2)
         DELETE FROM consumed_refresh_tokens c USING expired e WHERE c.token_hash = e.token_hash RETURNING 1`,
};

/** Decides, once, what becomes of a refresh token. The primary key of the ledger is the judge. */
@Injectable()
export class RefreshLedgerStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  /** For an opaque token. Null when there is no such login. */
  async consumeRow(of: Consumption, { activeSince, binding, client }: RowConditions): Promise<RowLogin | null> {
    const values = [...valuesOf(of), activeSince, binding, client.ipAddress, client.userAgent];
    const row = await this.database.first<StateRow>(CONSUME_ROW, values);
    if (!row) return null;
    return {
      ...stateOf(row),
      deadline: row.expires_at,
      amr: row.amr,
      authTime: row.auth_time,
      sameClient: row.same_client,
    };
  }

  /** For a verified JWT. With `record` false only the person is read. Null when there is no such user. */
  async consumeUntracked(of: Consumption, login: UntrackedLogin, record: boolean): Promise<LoginState | null> {
    const { global, tenant, user } = login.generations;
    const values = [...valuesOf(of), login.tenantId, login.userId, global, tenant, user, login.deadline, record];
    const row = await this.database.first<StateRow>(CONSUME_UNTRACKED, values);
    return row && stateOf(row);
  }

  async findDecision(tokenHash: Buffer, sessionId: string): Promise<RecordedDecision | null> {
    const row = await this.database.first<{
      consumed_at: Date;
      successor_kind: SuccessorKind;
      key_id: string;
      successor_consumed: boolean;
      unapplied: boolean;
    }>(FIND_DECISION, [tokenHash, sessionId]);
    if (!row) return null;
    return {
      consumedAt: row.consumed_at,
      successorKind: row.successor_kind,
      keyId: row.key_id,
      successorConsumed: row.successor_consumed,
      unapplied: row.unapplied,
    };
  }

  /** The live login with a row that a secret of this hash is or was a token of. */
  async findLogin(sessionId: string, tokenHash: Buffer, now: Date): Promise<NamedLogin | null> {
    const row = await this.database.first<GenerationsRow & { tenant_id: string; user_id: string }>(FIND_LOGIN, [
      sessionId,
      tokenHash,
      now,
    ]);
    return row && { tenantId: row.tenant_id, userId: row.user_id, sessionId, generations: generationsOf(row) };
  }

  /** Dates a decision that was never carried out, and is older than `oldest`, anew; returns its time. */
  async reopen({ tokenHash, sessionId, now }: Consumption, oldest: Date): Promise<Date> {
    const row = await this.database.first<{ consumed_at: Date }>(REOPEN, [tokenHash, sessionId, oldest, now]);
    return row?.consumed_at ?? now;
  }

  /** Removes at most `limit` decisions of logins that are over; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}

function valuesOf({ sessionId, tokenHash, now, successors, keyId, mostPerMinute }: Consumption): unknown[] {
  const { mode, accepts, statelessKind, opaqueHash, jwtHash } = successors;
  return [sessionId, tokenHash, now, mode, accepts, statelessKind, opaqueHash, jwtHash, keyId, mostPerMinute];
}

function stateOf(row: StateRow): LoginState {
  return {
    person: { principal: principalOf(row), generations: generationsOf(row), terms: termsOf(row) },
    successorKind: row.successor_kind,
    live: row.live,
    decided: row.decided,
    spentSince: row.spent_since,
  };
}

function principalOf(row: StateRow): Principal {
  return {
    kind: 'user',
    userId: row.user_id,
    tenantId: row.tenant_id,
    email: row.email,
    username: row.username,
    name: row.name,
    roles: row.roles,
  };
}

function generationsOf(row: GenerationsRow): Generations {
  return { global: row.global_generation, tenant: row.tenant_generation, user: row.user_generation };
}
