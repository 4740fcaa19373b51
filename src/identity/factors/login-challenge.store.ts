import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../../database/background-database';
import { Database, type Statement } from '../../database/database';
import type { ProviderSession } from '../federated/saml-session.store';
import type { UserRef } from '../user.store';

/** A login whose first factor was right. */
export interface PendingLogin extends UserRef {
  readonly userGeneration: number;
  readonly remember: boolean;
  /** The account has no second factor and needs one: this login may set one up. */
  readonly enrols: boolean;
  /** What was proven before the second factor, RFC 8176. */
  readonly amr: readonly string[];
  /** The session of a SAML provider that is the first factor. */
  readonly samlSession: ProviderSession | null;
  readonly expiresAt: Date;
}

const COLUMNS = `tenant_id AS "tenantId", user_id AS "userId", user_generation AS "userGeneration", remember, enrols,
                 amr, saml_session AS "samlSession", expires_at AS "expiresAt"`;
const ADD: Statement = {
  name: 'login_challenge_add',
  text: `INSERT INTO login_challenges (challenge_hash, tenant_id, user_id, user_generation, remember, enrols, amr,
                                       saml_session, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
};
const FIND: Statement = {
  name: 'login_challenge_find',
  text: `SELECT ${COLUMNS} FROM login_challenges WHERE challenge_hash = $1 AND expires_at > $2`,
};
const USE: Statement = {
  name: 'login_challenge_use',
  text: `DELETE FROM login_challenges WHERE challenge_hash = $1 AND expires_at > $2 RETURNING ${COLUMNS}`,
};
const PURGE: Statement = {
  name: 'login_challenge_purge',
  text: `WITH expired AS (SELECT challenge_hash FROM login_challenges WHERE expires_at <= $1 LIMIT $2)
         DELETE FROM login_challenges c USING expired e WHERE c.challenge_hash = e.challenge_hash RETURNING 1`,
};

/** Logins that wait for a second factor, by the hashes of their challenges. */
@Injectable()
export class LoginChallengeStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  async add(hash: Buffer, login: PendingLogin): Promise<void> {
    const { tenantId, userId, userGeneration, remember, enrols, amr, samlSession, expiresAt } = login;
    const session = samlSession && JSON.stringify(samlSession);
    await this.database.rows(ADD, [
      ...[hash, tenantId, userId, userGeneration, remember, enrols, amr],
      ...[session, expiresAt],
    ]);
  }

  find(hash: Buffer, now: Date): Promise<PendingLogin | null> {
    return this.database.first(FIND, [hash, now]);
  }

  /** One statement: of several at once one has it. */
  use(hash: Buffer, now: Date): Promise<PendingLogin | null> {
    return this.database.first(USE, [hash, now]);
  }

  /** Removes at most `limit` that nobody finished in time; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}
