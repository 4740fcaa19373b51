import { Injectable } from '@nestjs/common';
import { Database, type Queryable, type Statement } from '../../database/database';
import type { UserRef } from '../user.store';

const REMOVE_ALL: Statement = {
  name: 'recovery_codes_remove',
  text: 'DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 RETURNING 1',
};
const ADD: Statement = {
  name: 'recovery_codes_add',
  text: `INSERT INTO recovery_codes (tenant_id, user_id, code_hash, created_at)
         SELECT $1::uuid, $2::uuid, h, $4::timestamptz FROM unnest($3::bytea[]) AS h`,
};
const USE: Statement = {
  name: 'recovery_code_use',
  text: `WITH used AS (DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND code_hash = $3 RETURNING 1)
         SELECT (SELECT count(*)::integer - 1 FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2) AS left FROM used`,
};
const REMOVE_ORPHANED: Statement = {
  name: 'recovery_codes_remove_orphaned',
  text: `DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2
            AND NOT EXISTS (SELECT 1 FROM passkeys p WHERE p.tenant_id = $1 AND p.user_id = $2)
            AND NOT EXISTS (SELECT 1 FROM totp_factors f
                             WHERE f.tenant_id = $1 AND f.user_id = $2 AND f.confirmed_at IS NOT NULL)`,
};
const COUNT: Statement = {
  name: 'recovery_codes_count',
  text: 'SELECT count(*)::integer AS left FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2',
};

/** Recovery codes, by their hashes. */
@Injectable()
export class RecoveryCodeStore {
  constructor(private readonly database: Database) {}

  async replace(tx: Queryable, { tenantId, userId }: UserRef, hashes: readonly Buffer[], now: Date): Promise<void> {
    await tx.rows(REMOVE_ALL, [tenantId, userId]);
    await tx.rows(ADD, [tenantId, userId, hashes, now]);
  }

  /** How many are left; null when there is no such code, or it was used. One statement: of several at once one has it. */
  async use({ tenantId, userId }: UserRef, hash: Buffer): Promise<number | null> {
    return (await this.database.first<{ left: number }>(USE, [tenantId, userId, hash]))?.left ?? null;
  }

  async count({ tenantId, userId }: UserRef, within: Queryable = this.database): Promise<number> {
    return (await within.first<{ left: number }>(COUNT, [tenantId, userId]))?.left ?? 0;
  }

  /** Where the account has no other second factor. */
  async removeOrphaned(tx: Queryable, { tenantId, userId }: UserRef): Promise<void> {
    await tx.rows(REMOVE_ORPHANED, [tenantId, userId]);
  }

  async removeAll(tx: Queryable, { tenantId, userId }: UserRef): Promise<void> {
    await tx.rows(REMOVE_ALL, [tenantId, userId]);
  }
}
