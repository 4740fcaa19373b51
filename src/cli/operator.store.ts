import type { Generations } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { isUuid } from '../common/uuid';
import { Database, type Statement } from '../database/database';

/** A live login of a tenant, as `sessions list` shows it. */
export interface ListedSession {
  readonly id: string;
  readonly user_id: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly kind: string;
  readonly device: string | null;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly created_at: Date;
  readonly last_activity_at: Date;
  readonly expires_at: Date;
}

/** All that the row of a login tells, live or not. */
export interface FoundSession extends ListedSession {
  readonly tenant_id: string;
  readonly user_status: string;
  readonly amr: string[];
  readonly auth_time: Date;
  readonly access_expires_at: Date | null;
  readonly handed_over_at: Date | null;
  readonly revoked: boolean;
  readonly revoked_at: Date | null;
  readonly revoked_reason: string | null;
}

/** Hashes of the tokens of a login; they never leave the process. */
export interface SessionHashes {
  readonly access_hash: Buffer | null;
  readonly previous_access_hash: Buffer | null;
  readonly refresh_hash: Buffer | null;
}

/** A login as its token names it. */
export interface NamedLogin {
  readonly tenantId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly generations: Generations;
}

export interface LoginVerdict {
  readonly revoked: boolean;
  /** The login goes on, its access token must be renewed. */
  readonly outdated: boolean;
}

const LISTED = `s.id, s.user_id, u.email, u.username, s.kind, s.device, s.ip_address, s.user_agent, s.created_at,
                s.last_activity_at, s.expires_at`;
const REVOKED = `login_is_revoked(s.tenant_id, s.user_id, s.id, s.global_generation, s.tenant_generation, s.user_generation)`;

const LIST: Statement = {
  name: 'operator_session_list',
  text: `SELECT ${LISTED}
           FROM sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
          WHERE s.tenant_id = $1 AND ($2::uuid IS NULL OR s.user_id = $2)
            AND s.revoked_at IS NULL AND s.handed_over_at IS NULL AND s.expires_at > $3 AND NOT ${REVOKED}
          ORDER BY s.last_activity_at DESC, s.id LIMIT $4`,
};

const FIND: Statement = {
  name: 'operator_session_find',
  text: `SELECT ${LISTED}, s.tenant_id, u.status AS user_status, s.amr, s.auth_time, s.access_expires_at,
                s.handed_over_at, (s.revoked_at IS NOT NULL OR ${REVOKED}) AS revoked, s.revoked_at, s.revoked_reason
           FROM sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
          WHERE s.id = $1 AND ($2::uuid IS NULL OR s.tenant_id = $2)`,
};

const HASHES: Statement = {
  name: 'operator_session_hashes',
  text: `SELECT access_hash, previous_access_hash, refresh_hash FROM sessions WHERE id = $1`,
};

const JUDGE: Statement = {
  name: 'operator_login_judge',
  text: `SELECT login_is_revoked($1, $2, $3, $4, $5, $6) OR EXISTS (
                  SELECT 1 FROM sessions s WHERE s.id = $3 AND s.tenant_id = $1 AND s.user_id = $2 AND s.revoked_at IS NOT NULL
                ) AS revoked,
                EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'user' AND r.tenant_id = $1 AND r.user_id = $2
                          AND NOT r.ends_login AND r.generation > $6) AS outdated`,
};

/** What operators ask about logins. Malformed ids, and those of another tenant, are "not there". */
@Injectable()
export class OperatorStore {
  constructor(private readonly database: Database) {}

  /** Live logins of a tenant, or of one of its users, latest activity first. */
  list(of: { tenantId: string; userId: string | null }, now: Date, limit: number): Promise<ListedSession[]> {
    return this.database.rows<ListedSession>(LIST, [of.tenantId, of.userId, now, limit]);
  }

  /** `tenantId` null: in whichever tenant. */
  async find(id: string, tenantId: string | null): Promise<FoundSession | null> {
    return isUuid(id) ? this.database.first<FoundSession>(FIND, [id, tenantId]) : null;
  }

  async hashes(id: string): Promise<SessionHashes | null> {
    return isUuid(id) ? this.database.first<SessionHashes>(HASHES, [id]) : null;
  }

  async judge({ tenantId, userId, sessionId, generations }: NamedLogin): Promise<LoginVerdict> {
    if (![tenantId, userId, sessionId].every(isUuid)) return { revoked: false, outdated: false };
    const { global, tenant, user } = generations;
    const values = [tenantId, userId, sessionId, global, tenant, user];
    return (await this.database.first<LoginVerdict>(JUDGE, values)) as LoginVerdict;
  }
}
