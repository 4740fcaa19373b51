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
  rows: RevocationRow[];
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

/** What one poll saw, all of it in one snapshot. */
export interface FeedPage {
  readonly revocations: Revocation[];
  /** Everything before it is committed and visible; the next poll begins there. */
  readonly horizon: string;
  readonly databaseNow: Date;
  /** Changes when the server is another one or was started again; horizons are its own. */
  readonly server: string;
}

/** Expiries of everything issued so far, over all processes of the fleet. */
export interface Horizons {
  readonly access: Date;
  readonly login: Date;
}

// Cached session tokens outlive the statement by their staleness: five minutes is more than the largest one allowed.
const APPEND: Statement = {
  name: 'revocation_append',
  text: `INSERT INTO revocations (kind, tenant_id, user_id, session_id, generation, except_session_id, ends_login, reason,
                                  created_at, access_expires_at, expires_at)
         SELECT $1, $2::uuid, $3::uuid, $4::uuid, $5::integer, $6::uuid, $7::boolean, $8, $9::timestamptz,
                GREATEST(i.access_horizon, $9::timestamptz + interval '5 minutes'),
                GREATEST(i.login_horizon, $9::timestamptz + interval '5 minutes')
           FROM instance i
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

const POLL: Statement = {
  name: 'revocation_poll',
  text: `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon, clock_timestamp() AS database_now,
                extract(epoch FROM pg_postmaster_start_time())::text AS server,
                coalesce((SELECT json_agg(r ORDER BY r.id) FROM (
                  SELECT id, kind, tenant_id, user_id, session_id, generation, except_session_id, ends_login, reason,
                         access_expires_at
                    FROM revocations WHERE transaction_id >= $1::text::xid8 AND access_expires_at > LEAST($2, clock_timestamp())) r), '[]'::json) AS rows`,
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

  async poll(horizon: string, now: Date): Promise<FeedPage> {
    const page = await this.background.first<PollRow>(POLL, [horizon, now]);
    if (!page) throw new Error('A poll answers one row');
    const { horizon: next, database_now: databaseNow, server } = page;
    return { revocations: page.rows.map(revocationOf), horizon: next, databaseNow, server };
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
