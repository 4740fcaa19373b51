import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import type { Statement } from '../database/database';
import type { UserRef } from './user.store';

// The one statement that knows: nothing was inserted for a known place, and the first one of an account is no news.
const MEET: Statement = {
  name: 'sign_in_meet',
  text: `WITH met AS (
           INSERT INTO known_sign_ins AS k (tenant_id, user_id, fingerprint, last_seen_at)
           SELECT $1::uuid, $2::uuid, $3::bytea, $4::timestamptz
            WHERE EXISTS (SELECT 1 FROM users WHERE tenant_id = $1 AND id = $2)
           ON CONFLICT (tenant_id, user_id, fingerprint) DO UPDATE SET last_seen_at = excluded.last_seen_at
            WHERE k.last_seen_at < excluded.last_seen_at - interval '1 day'
           RETURNING xmax = 0 AS inserted)
         SELECT coalesce((SELECT inserted FROM met), false)
                AND EXISTS (SELECT 1 FROM known_sign_ins WHERE tenant_id = $1 AND user_id = $2) AS news`,
};

const PURGE: Statement = {
  name: 'sign_in_purge',
  text: `WITH old AS (SELECT tenant_id, user_id, fingerprint FROM known_sign_ins
                       WHERE last_seen_at <= $1::timestamptz - interval '400 days' LIMIT $2 FOR UPDATE SKIP LOCKED)
         DELETE FROM known_sign_ins k USING old o
          WHERE k.tenant_id = o.tenant_id AND k.user_id = o.user_id AND k.fingerprint = o.fingerprint RETURNING 1`,
};

/** From where people have signed in before, for more than a year. */
@Injectable()
export class KnownSignInStore {
  constructor(private readonly database: BackgroundDatabase) {}

  /** Remembers the place; true when it is new and the account has others. */
  async meet({ tenantId, userId }: UserRef, fingerprint: Buffer, now: Date): Promise<boolean> {
    return (await this.database.first<{ news: boolean }>(MEET, [tenantId, userId, fingerprint, now]))?.news ?? false;
  }

  /** Removes at most `limit` that were not seen for so long; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.database.rows(PURGE, [now, limit])).length;
  }
}
