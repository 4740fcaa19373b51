import type { Revocation, RevocationReason, RevocationTarget } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import type { Queryable, Statement } from '../database/database';

export interface RevocationRow {
  kind: RevocationTarget['kind'];
  tenant_id: string;
  user_id: string;
  session_id: string;
  generation: number | null;
  except_session_id: string | null;
  ends_login: boolean;
  reason: RevocationReason;
  access_expires_at: string | Date;
}

interface PollRow {
  horizon: string;
  database_now: Date;
  server: string;
  rows: (RevocationRow & { id: number; transaction_id: string })[];
}

export interface NewRevocation {
  readonly target: RevocationTarget;
  readonly generation: number | null;
  readonly endsLogin: boolean;
  readonly reason: RevocationReason;
  readonly now: Date;
}

/** Everything that one client holds, in these tenants or, with null, in every one. */
export interface NewRevocationOfClient {
  readonly userId: string;
  readonly tenantIds: readonly string[] | null;
  readonly generation: number;
  readonly reason: RevocationReason;
  readonly now: Date;
}

/** A place in the feed: after row `id` of a transaction. */
export interface FeedPlace {
  readonly transaction: string;
  readonly id: string;
}

/** What one statement saw, all of it in one snapshot. */
export interface FeedPage {
  readonly revocations: Revocation[];
  /** Everything before it is committed and visible. After the last page the next poll begins at the *first* page's horizon. */
  readonly horizon: string;
  /** Where the next page begins; null when this was the last one. */
  readonly next: FeedPlace | null;
  readonly databaseNow: Date;
  /** Changes when the server is another one or was started again; horizons are its own. */
  readonly server: string;
}

/** Expiries of everything issued so far, over all processes of the fleet. */
export interface Horizons {
  readonly access: Date;
  readonly login: Date;
}

// One row per login, however often it is ended: readers see it again only when it must be remembered for longer.
// Cached session tokens outlive the statement by their staleness: five minutes is more than the largest one allowed.
const APPEND: Statement = {
  name: 'revocation_append',
  text: `INSERT INTO revocations AS r (kind, tenant_id, user_id, session_id, generation, except_session_id, ends_login,
                                       reason, created_at, access_expires_at, expires_at, merges)
         SELECT $1::text, $2::uuid, $3::uuid, $4::uuid, $5::integer, $6::uuid, $7::boolean, $8, $9::timestamptz,
                GREATEST(i.access_horizon, $9::timestamptz + interval '5 minutes'),
                GREATEST(i.login_horizon, $9::timestamptz + interval '5 minutes'), $1 = 'session'
           FROM instance i
         ON CONFLICT (session_id, user_id, tenant_id) WHERE merges DO UPDATE SET
           transaction_id = CASE WHEN excluded.access_expires_at > r.access_expires_at
                                 THEN excluded.transaction_id ELSE r.transaction_id END,
           access_expires_at = GREATEST(r.access_expires_at, excluded.access_expires_at),
           expires_at = GREATEST(r.expires_at, excluded.expires_at)
         RETURNING kind, tenant_id, user_id, session_id, generation, except_session_id, ends_login, reason, access_expires_at`,
};

// Clients refresh nothing: what concerns their access tokens is all there is to remember.
const APPEND_FOR_TENANTS: Statement = {
  name: 'revocation_append_for_tenants',
  text: `INSERT INTO revocations (kind, tenant_id, user_id, generation, ends_login, reason, created_at, access_expires_at, expires_at)
         SELECT 'user', t.id, $1::uuid, $3::integer, true, $4, $5::timestamptz,
                GREATEST(i.access_horizon, $5::timestamptz + interval '5 minutes'),
                GREATEST(i.access_horizon, $5::timestamptz + interval '5 minutes')
           FROM tenants t CROSS JOIN instance i
          WHERE $2::uuid[] IS NULL OR t.id = ANY ($2::uuid[])
         RETURNING kind, tenant_id, user_id, session_id, generation, except_session_id, ends_login, reason, access_expires_at`,
};

const RAISE: Record<'user' | 'tenant' | 'global', Statement> = {
  user: {
    name: 'revocation_raise_user',
    text: 'UPDATE users SET generation = generation + 1 WHERE tenant_id = $1 AND id = $2 RETURNING generation',
  },
  tenant: {
    name: 'revocation_raise_tenant',
    text: 'UPDATE tenants SET generation = generation + 1 WHERE id = $1 RETURNING generation',
  },
  // Minutes since the epoch as a floor: after a restored backup the mark must still be above every token issued since.
  global: {
    name: 'revocation_raise_global',
    text: `UPDATE instance SET generation = GREATEST(generation + 1, (extract(epoch FROM $1::timestamptz) / 60)::integer)
            WHERE id = 1 RETURNING generation`,
  },
};

/** Rows of one page. */
const PAGE_SIZE = 10_000;

// Row by row in the order of transactions: what is committed behind a page's place while the pages are read belongs to
// a transaction that the first page's horizon does not cover.
const POLL: Statement = {
  name: 'revocation_poll',
  text: `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon, clock_timestamp() AS database_now,
                extract(epoch FROM pg_postmaster_start_time())::text AS server,
                coalesce((SELECT json_agg(r ORDER BY r.transaction_id, r.id) FROM (
                  SELECT id, transaction_id, kind, tenant_id, user_id, session_id, generation, except_session_id,
                         ends_login, reason, access_expires_at
                    FROM revocations
                   WHERE (transaction_id, id) > ($1::text::xid8, $2::bigint)
                     AND access_expires_at > LEAST($3, statement_timestamp())
                   ORDER BY transaction_id, id LIMIT $4) r), '[]'::json) AS rows`,
};

const RECORD_HORIZONS: Statement = {
  name: 'revocation_record_horizons',
  text: `UPDATE instance SET access_horizon = GREATEST(access_horizon, $1), login_horizon = GREATEST(login_horizon, $2)
          WHERE id = 1`,
};

const PURGE: Statement = {
  name: 'revocation_purge',
  text: `WITH expired AS (SELECT id FROM revocations WHERE expires_at <= $1 LIMIT $2)
         DELETE FROM revocations r USING expired e WHERE r.id = e.id RETURNING 1`,
};

const NOTIFY: Statement = { name: 'revocation_notify', text: `SELECT pg_notify('latchkey_revocations', '')` };

/** Everything from this horizon on. */
export function placeOf(horizon: string): FeedPlace {
  return { transaction: horizon, id: '0' };
}

/** The durable rows of the feed. */
@Injectable()
export class RevocationStore {
  constructor(private readonly background: BackgroundDatabase) {}

  /** Part of the caller's transaction, so that a revocation and what it revokes are one decision. */
  async append(tx: Queryable, revocation: NewRevocation): Promise<Revocation> {
    const row = await tx.first<RevocationRow>(APPEND, [
      revocation.target.kind,
      ...columnsOf(revocation.target).slice(0, 3),
      revocation.generation,
      columnsOf(revocation.target)[3],
      revocation.endsLogin,
      revocation.reason,
      revocation.now,
    ]);
    if (!row) throw new Error('The instance row is missing: run the migrations');
    return revocationOf(row);
  }

  /** The same for all that a client holds: one row for each tenant. */
  async appendForTenants(tx: Queryable, of: NewRevocationOfClient): Promise<Revocation[]> {
    const values = [of.userId, of.tenantIds, of.generation, of.reason, of.now];
    return (await tx.rows<RevocationRow>(APPEND_FOR_TENANTS, values)).map(revocationOf);
  }

  /** Raises the generation of a user, a tenant or everyone; null when there is no such user or tenant. */
  async raiseGeneration(tx: Queryable, target: RevocationTarget, now: Date): Promise<number | null> {
    if (target.kind === 'session') return null;
    const row = await tx.first<{ generation: number }>(RAISE[target.kind], raisedBy(target, now));
    return row?.generation ?? null;
  }

  /** One page of what came after this place. */
  async poll(from: FeedPlace, now: Date, size = PAGE_SIZE): Promise<FeedPage> {
    const page = await this.background.first<PollRow>(POLL, [from.transaction, from.id, now, size]);
    if (!page) throw new Error('A poll answers one row');
    const { rows, horizon, server, database_now: databaseNow } = page;
    const last = rows.length < size ? undefined : rows.at(-1);
    const next = last ? { transaction: last.transaction_id, id: String(last.id) } : null;
    return { revocations: rows.map(revocationOf), horizon, next, databaseNow, server };
  }

  /** Tells the other processes to poll now. Losing it costs a second, never a revocation. */
  async hurry(): Promise<void> {
    await this.background.rows(NOTIFY);
  }

  async recordHorizons(horizons: Horizons): Promise<void> {
    await this.background.rows(RECORD_HORIZONS, [horizons.access, horizons.login]);
  }

  /** Removes at most `limit` rows that concern nothing any more; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}

function raisedBy(target: Exclude<RevocationTarget, { kind: 'session' }>, now: Date): unknown[] {
  if (target.kind === 'global') return [now];
  return target.kind === 'user' ? [target.tenantId, target.userId] : [target.tenantId];
}

/** tenant_id, user_id, session_id, except_session_id */
function columnsOf(target: RevocationTarget): (string | null)[] {
  switch (target.kind) {
    case 'session':
      return [target.tenantId, target.userId, target.sessionId, null];
    case 'user':
      return [target.tenantId, target.userId, null, target.exceptSessionId ?? null];
    case 'tenant':
      return [target.tenantId, null, null, null];
    case 'global':
      return [null, null, null, null];
  }
}

export function revocationOf(row: RevocationRow): Revocation {
  return {
    target: targetOf(row),
    generation: row.generation,
    endsLogin: row.ends_login,
    reason: row.reason,
    accessExpiresAt: new Date(row.access_expires_at).getTime(),
  };
}

function targetOf(row: RevocationRow): RevocationTarget {
  const { kind, tenant_id: tenantId, user_id: userId, session_id: sessionId } = row;
  switch (kind) {
    case 'session':
      return { kind, tenantId, userId, sessionId };
    case 'user':
      return { kind, tenantId, userId, exceptSessionId: row.except_session_id ?? undefined };
    case 'tenant':
      return { kind, tenantId };
    case 'global':
      return { kind };
  }
}
