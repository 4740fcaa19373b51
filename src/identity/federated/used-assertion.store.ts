import { Injectable } from '@nestjs/common';
import { sha256 } from '../../common/digest';
import { BackgroundDatabase } from '../../database/background-database';
import { Database, type Statement } from '../../database/database';

const USE: Statement = {
  name: 'used_assertion_use',
  text: `INSERT INTO used_assertions (issuer, id_hash, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING RETURNING 1`,
};
const FORGET: Statement = {
  name: 'used_assertion_forget',
  text: 'DELETE FROM used_assertions WHERE issuer = $1 AND id_hash = $2',
};
const PURGE: Statement = {
  name: 'used_assertion_purge',
  text: `WITH expired AS (SELECT issuer, id_hash FROM used_assertions WHERE expires_at <= $1 LIMIT $2)
         DELETE FROM used_assertions u USING expired e WHERE u.issuer = e.issuer AND u.id_hash = e.id_hash RETURNING 1`,
};

/** What a provider signed for one use, by the id that it gave it. */
@Injectable()
export class UsedAssertionStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  /** One statement: true once, however many come at once. `expiresAt`: from when on it would be refused anyway. */
  async use(issuer: string, id: string, expiresAt: Date): Promise<boolean> {
    return (await this.database.first(USE, [issuer, sha256(id), expiresAt])) !== null;
  }

  /** What it was used for did not happen. */
  async forget(issuer: string, id: string): Promise<void> {
    await this.database.rows(FORGET, [issuer, sha256(id)]);
  }

  /** Removes at most `limit` that have expired; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}
