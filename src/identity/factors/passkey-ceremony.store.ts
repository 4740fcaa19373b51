import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../../database/background-database';
import { Database, type Statement } from '../../database/database';

/** What a WebAuthn challenge was made for. `sign_in`: by whoever has a passkey. `confirm`: by this user. */
export interface Ceremony {
  readonly purpose: 'register' | 'sign_in' | 'confirm';
  readonly tenantId: string;
  readonly userId: string | null;
}

const ADD: Statement = {
  name: 'passkey_ceremony_add',
  text: `INSERT INTO passkey_ceremonies (challenge_hash, purpose, tenant_id, user_id, expires_at) VALUES ($1, $2, $3, $4, $5)`,
};
const USE: Statement = {
  name: 'passkey_ceremony_use',
  text: `DELETE FROM passkey_ceremonies
          WHERE challenge_hash = $1 AND purpose = $2 AND tenant_id = $3 AND user_id IS NOT DISTINCT FROM $4::uuid
            AND expires_at > $5 RETURNING true AS used`,
};
const PURGE: Statement = {
  name: 'passkey_ceremony_purge',
  text: `WITH expired AS (SELECT challenge_hash FROM passkey_ceremonies WHERE expires_at <= $1 LIMIT $2)
         DELETE FROM passkey_ceremonies c USING expired e WHERE c.challenge_hash = e.challenge_hash RETURNING 1`,
};

/** WebAuthn challenges under way, by their hashes. */
@Injectable()
export class PasskeyCeremonyStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  async add(hash: Buffer, { purpose, tenantId, userId }: Ceremony, expiresAt: Date): Promise<void> {
    await this.database.rows(ADD, [hash, purpose, tenantId, userId, expiresAt]);
  }

  /** One statement: of several at once one has it. */
  async use(hash: Buffer, { purpose, tenantId, userId }: Ceremony, now: Date): Promise<boolean> {
    return (await this.database.first(USE, [hash, purpose, tenantId, userId, now])) !== null;
  }

  /** Removes at most `limit` that nobody finished in time; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}
