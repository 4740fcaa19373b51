import { Injectable } from '@nestjs/common';
import { Database, type Queryable, type Statement } from '../../database/database';
import type { UserRef } from '../user.store';

/** A WebAuthn credential of one account. */
export interface Passkey extends UserRef {
  readonly id: string;
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly signCount: number;
  readonly transports: readonly string[];
  readonly aaguid: string | null;
  /** Synced between devices. */
  readonly backedUp: boolean;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

const COLUMNS = `id, tenant_id AS "tenantId", user_id AS "userId", credential_id AS "credentialId", public_key AS "publicKey",
                 sign_count::float8 AS "signCount", transports, aaguid, backed_up AS "backedUp", name,
                 created_at AS "createdAt", last_used_at AS "lastUsedAt"`;
const ADD: Statement = {
  name: 'passkey_add',
  text: `INSERT INTO passkeys (id, tenant_id, user_id, credential_id, public_key, sign_count, transports, aaguid, backed_up, name,
                               created_at)
         SELECT $1, $2::uuid, $3::uuid, $4, $5, $6::bigint, $7, $8, $9, $10, $11
          WHERE (SELECT count(*) FROM passkeys WHERE tenant_id = $2 AND user_id = $3) < $12
         ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
};
const LIST: Statement = {
  name: 'passkey_list',
  text: `SELECT ${COLUMNS} FROM passkeys WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at, id`,
};
const FIND: Statement = {
  name: 'passkey_find',
  text: `SELECT ${COLUMNS} FROM passkeys WHERE tenant_id = $1 AND credential_id = $2`,
};
const USE: Statement = {
  name: 'passkey_use',
  text: `UPDATE passkeys SET sign_count = $3::bigint, last_used_at = $4
          WHERE tenant_id = $1 AND id = $2 AND (sign_count < $3 OR (sign_count = 0 AND $3 = 0)) RETURNING id`,
};
const RENAME: Statement = {
  name: 'passkey_rename',
  text: `UPDATE passkeys SET name = $4 WHERE tenant_id = $1 AND user_id = $2 AND id = $3 RETURNING ${COLUMNS}`,
};
const REMOVE: Statement = {
  name: 'passkey_remove',
  text: 'DELETE FROM passkeys WHERE tenant_id = $1 AND user_id = $2 AND ($3::uuid IS NULL OR id = $3) RETURNING id',
};

/** The passkeys of every account. Each method is bound to one tenant. */
@Injectable()
export class PasskeyStore {
  constructor(private readonly database: Database) {}

  /** Null when the credential is known already, or the account has `most` of them. */
  add(tx: Queryable, passkey: Omit<Passkey, 'lastUsedAt'>, most: number): Promise<Passkey | null> {
    const { id, tenantId, userId, credentialId, publicKey, signCount, transports } = passkey;
    const { aaguid, backedUp, name, createdAt } = passkey;
    const key = [credentialId, publicKey, signCount, transports, aaguid, backedUp];
    return tx.first(ADD, [id, tenantId, userId, ...key, name, createdAt, most]);
  }

  list({ tenantId, userId }: UserRef): Promise<Passkey[]> {
    return this.database.rows(LIST, [tenantId, userId]);
  }

  find(tenantId: string, credentialId: Buffer): Promise<Passkey | null> {
    return this.database.first(FIND, [tenantId, credentialId]);
  }

  /** False when the counter did not go on: somebody has a copy of the key, or the answer was used before. */
  async use({ tenantId, id }: Passkey, signCount: number, now: Date): Promise<boolean> {
    return (await this.database.first(USE, [tenantId, id, signCount, now])) !== null;
  }

  rename({ tenantId, userId }: UserRef, id: string, name: string): Promise<Passkey | null> {
    return this.database.first(RENAME, [tenantId, userId, id, name]);
  }

  /** One of them, or all; how many there were. */
  async remove(tx: Queryable, { tenantId, userId }: UserRef, id: string | null): Promise<number> {
    return (await tx.rows(REMOVE, [tenantId, userId, id])).length;
  }
}
