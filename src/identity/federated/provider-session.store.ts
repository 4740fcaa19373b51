import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../../database/background-database';
import { Database, type Statement } from '../../database/database';
import type { UserRef } from '../user.store';

export interface ProviderSession extends UserRef {
  readonly issuer: string;
  readonly sid: string;
  readonly expiresAt: Date;
}

const NOTE: Statement = {
  name: 'provider_session_note',
  text: `INSERT INTO provider_sessions (tenant_id, issuer, sid, user_id, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, issuer, sid) DO UPDATE SET user_id = $4, expires_at = $5`,
};
const FIND: Statement = {
  name: 'provider_session_find',
  text: `SELECT tenant_id AS "tenantId", user_id AS "userId" FROM provider_sessions WHERE issuer = $1 AND sid = $2`,
};
const PURGE: Statement = {
  name: 'provider_session_purge',
  text: `WITH expired AS (SELECT tenant_id, issuer, sid FROM provider_sessions WHERE expires_at <= $1 LIMIT $2)
         DELETE FROM provider_sessions s USING expired e
          WHERE s.tenant_id = e.tenant_id AND s.issuer = e.issuer AND s.sid = e.sid RETURNING 1`,
};

/** Whose account a session of a provider opened. */
@Injectable()
export class ProviderSessionStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  async note({ tenantId, userId, issuer, sid, expiresAt }: ProviderSession): Promise<void> {
    await this.database.rows(NOTE, [tenantId, issuer, sid, userId, expiresAt]);
  }

  /** In whatever tenant: the issuer speaks about its own session. */
  find(issuer: string, sid: string): Promise<UserRef[]> {
    return this.database.rows(FIND, [issuer, sid]);
  }

  /** Removes at most `limit` that no login outlives; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}
