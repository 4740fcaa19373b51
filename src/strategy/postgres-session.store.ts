import { AuthError } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import { Database, type Queryable } from '../database/database';
import { refersToNothing } from '../database/infrastructure-failure';
import type { SessionView } from './auth-strategy';
import * as sql from './postgres-session.sql.store';
import {
  SessionStore,
  type AccessRecord,
  type CarriedSession,
  type HandedOverSession,
  type NewSession,
  type SessionOwner,
} from './session.store';

interface ViewRow {
  id: string;
  ip_address: string | null;
  user_agent: string | null;
  device: string | null;
  amr: string[];
  created_at: Date;
  last_activity_at: Date;
  expires_at: Date;
}

interface AccessRow extends ViewRow {
  auth_time: Date;
  access_hash: Buffer | null;
  access_expires_at: Date | null;
  previous_access_hash: Buffer | null;
  previous_access_until: Date | null;
  user_id: string;
  tenant_id: string;
  email: string | null;
  username: string | null;
  name: string | null;
  roles: string[];
  user_generation: number;
  tenant_generation: number;
  global_generation: number;
  revoked: boolean;
}

/** Logins in the `sessions` table. */
@Injectable()
export class PostgresSessionStore extends SessionStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {
    super();
  }

  async create(session: NewSession, tx: Queryable = this.database): Promise<void> {
    await tx.rows(sql.CREATE, columnsOf(session)).catch(ownerIsGone);
  }

  async findForAccess(id: string): Promise<AccessRecord | null> {
    const row = await this.database.first<AccessRow>(sql.FIND_FOR_ACCESS, [id]);
    return row && accessRecordOf(row);
  }

  async carryOn(session: CarriedSession): Promise<SessionView | null> {
    const values = [...columnsOf(session), session.parentHash, session.parentAccessUntil];
    const row = await this.database.first<ViewRow>(sql.CARRY_ON, values).catch(nothingWithoutOwner);
    return row && viewOf(row);
  }

  async handOver(session: HandedOverSession): Promise<boolean> {
    const { id, tenantId, userId, parentHash, now, parentAccessUntil } = session;
    const values = [id, tenantId, userId, parentHash, now, parentAccessUntil];
    return (await this.database.first(sql.HAND_OVER, values)) !== null;
  }

  async list(owner: SessionOwner, now: Date): Promise<SessionView[]> {
    const rows = await this.database.rows<ViewRow>(sql.LIST, [owner.tenantId, owner.userId, now]);
    return rows.map(viewOf);
  }

  async revoke(tx: Queryable, of: SessionOwner & { id: string; reason: string; now: Date }): Promise<boolean> {
    return (await tx.first(sql.REVOKE, [of.id, of.tenantId, of.userId, of.now, of.reason])) !== null;
  }

  async revokeAll(
    tx: Queryable,
    of: SessionOwner & { exceptId: string | null; reason: string; now: Date },
  ): Promise<readonly string[]> {
    const values = [of.tenantId, of.userId, of.exceptId, of.now, of.reason];
    return (await tx.rows<{ id: string }>(sql.REVOKE_ALL, values)).map(({ id }) => id);
  }

  async recordActivity(seen: ReadonlyMap<string, number>): Promise<void> {
    const times = [...seen.values()].map((at) => new Date(at));
    await this.background.rows(sql.RECORD_ACTIVITY, [[...seen.keys()], times]);
  }

  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(sql.PURGE, [now, limit])).length;
  }
}

/** The account was deleted between the right password and the row. */
function ownerIsGone(error: unknown): never {
  if (!refersToNothing(error)) throw error;
  throw new AuthError('invalid_credentials', 'The credentials are not right', { detail: 'deleted', cause: error });
}

function nothingWithoutOwner(error: unknown): null {
  if (refersToNothing(error)) return null;
  throw error;
}

function columnsOf(session: NewSession): unknown[] {
  const { grant, generations } = session;
  return [
    session.id,
    session.tenantId,
    session.userId,
    grant.kind,
    grant.accessHash,
    grant.accessExpiresAt,
    grant.refreshHash,
    generations.global,
    generations.tenant,
    generations.user,
    session.ipAddress,
    session.userAgent,
    session.device,
    session.amr,
    session.authTime,
    session.now,
    session.expiresAt,
  ];
}

function viewOf(row: ViewRow): SessionView {
  return {
    id: row.id,
    ipAddress: row.ip_address,
    userAgent: row.user_agent,
    device: row.device,
    amr: row.amr,
    createdAt: row.created_at,
    lastActivity: row.last_activity_at,
    expiresAt: row.expires_at,
  };
}

function accessRecordOf(row: AccessRow): AccessRecord {
  return {
    session: viewOf(row),
    principal: {
      kind: 'user',
      userId: row.user_id,
      tenantId: row.tenant_id,
      email: row.email,
      username: row.username,
      name: row.name,
      roles: row.roles,
    },
    generations: { global: row.global_generation, tenant: row.tenant_generation, user: row.user_generation },
    authTime: row.auth_time,
    accessHash: row.access_hash,
    accessExpiresAt: row.access_expires_at,
    previousAccessHash: row.previous_access_hash,
    previousAccessUntil: row.previous_access_until,
    revoked: row.revoked,
  };
}
