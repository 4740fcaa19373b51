import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../../database/background-database';
import { Database, type Statement } from '../../database/database';
import type { UserRef } from '../user.store';

/** A session at a provider, as the provider names it. */
export interface ProviderSession {
  readonly provider: string;
  readonly issuer: string;
  readonly nameId: string;
  readonly nameIdFormat: string | null;
  readonly sessionIndex: string | null;
}

export interface LoginRef {
  readonly tenantId: string;
  readonly sessionId: string;
}

export interface SamlSession extends UserRef, LoginRef, ProviderSession {
  readonly expiresAt: Date;
}

/** Whose sessions are meant, in the provider's words; no index: all of that person. */
export interface NamedSessions {
  readonly provider: string;
  readonly issuer: string;
  readonly nameId: string;
  readonly sessionIndexes: readonly string[];
}

const NOTE: Statement = {
  name: 'saml_session_note',
  text: `INSERT INTO saml_sessions (tenant_id, user_id, session_id, provider, issuer, name_id, name_id_format,
                                    session_index, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
};
const BEHIND: Statement = {
  name: 'saml_session_behind',
  text: `SELECT provider, issuer, name_id AS "nameId", name_id_format AS "nameIdFormat", session_index AS "sessionIndex"
           FROM saml_sessions WHERE tenant_id = $1 AND session_id = $2`,
};
const FIND: Statement = {
  name: 'saml_session_find',
  text: `SELECT tenant_id AS "tenantId", user_id AS "userId", session_id AS "sessionId" FROM saml_sessions
          WHERE provider = $1 AND issuer = $2 AND name_id = $3
            AND (cardinality($4::text[]) = 0 OR session_index = ANY ($4::text[]))`,
};
const PURGE: Statement = {
  name: 'saml_session_purge',
  text: `WITH expired AS (SELECT tenant_id, session_id FROM saml_sessions WHERE expires_at <= $1 LIMIT $2)
         DELETE FROM saml_sessions s USING expired e
          WHERE s.tenant_id = e.tenant_id AND s.session_id = e.session_id RETURNING 1`,
};

/** Which login a session of a provider began. */
@Injectable()
export class SamlSessionStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  async note(session: SamlSession): Promise<void> {
    const { tenantId, userId, sessionId, provider, issuer, nameId, nameIdFormat, sessionIndex, expiresAt } = session;
    const names = [provider, issuer, nameId, nameIdFormat, sessionIndex];
    await this.database.rows(NOTE, [tenantId, userId, sessionId, ...names, expiresAt]);
  }

  behind({ tenantId, sessionId }: LoginRef): Promise<ProviderSession | null> {
    return this.database.first(BEHIND, [tenantId, sessionId]);
  }

  /** In whatever tenant: the provider speaks about sessions that it began itself. */
  find({ provider, issuer, nameId, sessionIndexes }: NamedSessions): Promise<(UserRef & { sessionId: string })[]> {
    return this.database.rows(FIND, [provider, issuer, nameId, sessionIndexes]);
  }

  /** Removes at most `limit` that no login outlives; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}
