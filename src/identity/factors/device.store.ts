import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../../database/background-database';
import { Database, type Queryable, type Statement } from '../../database/database';
import type { UserRef } from '../user.store';

/** A device on which somebody has signed in. */
export interface KnownDevice {
  readonly id: string;
  readonly name: string | null;
  /** Until then it stands for the second factor. */
  readonly trustedUntil: Date | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
}

export interface NewDevice extends UserRef {
  readonly hash: Buffer;
  readonly id: string;
  readonly name: string | null;
  readonly trustedUntil: Date | null;
  readonly now: Date;
  readonly expiresAt: Date;
}

const COLUMNS = `id, name, trusted_until AS "trustedUntil", created_at AS "createdAt", last_used_at AS "lastUsedAt"`;
const ADD: Statement = {
  name: 'device_add',
  text: `INSERT INTO devices (token_hash, id, tenant_id, user_id, name, trusted_until, created_at, last_used_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)`,
};
const MEET: Statement = {
  name: 'device_meet',
  text: `UPDATE devices SET last_used_at = $4 WHERE token_hash = $1 AND tenant_id = $2 AND user_id = $3 AND expires_at > $4
         RETURNING ${COLUMNS}`,
};
const LIST: Statement = {
  name: 'device_list',
  text: `SELECT ${COLUMNS} FROM devices WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3
          ORDER BY last_used_at DESC, id LIMIT 100`,
};
const REMOVE: Statement = {
  name: 'device_remove',
  text: 'DELETE FROM devices WHERE tenant_id = $1 AND user_id = $2 AND id = $3 RETURNING id',
};
const UNTRUST: Statement = {
  name: 'device_untrust',
  text: `UPDATE devices SET trusted_until = NULL
          WHERE tenant_id = $1 AND user_id = $2 AND trusted_until IS NOT NULL`,
};
const PURGE: Statement = {
  name: 'device_purge',
  text: `WITH expired AS (SELECT token_hash FROM devices WHERE expires_at <= $1 LIMIT $2)
         DELETE FROM devices d USING expired e WHERE d.token_hash = e.token_hash RETURNING 1`,
};

/** Known devices, by the hashes of their tokens. */
@Injectable()
export class DeviceStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  async add({ hash, id, tenantId, userId, ...device }: NewDevice): Promise<void> {
    const { name, trustedUntil, now, expiresAt } = device;
    await this.database.rows(ADD, [hash, id, tenantId, userId, name, trustedUntil, now, expiresAt]);
  }

  /** Null for a device of somebody else, or of nobody. */
  meet(hash: Buffer, { tenantId, userId }: UserRef, now: Date): Promise<KnownDevice | null> {
    return this.database.first(MEET, [hash, tenantId, userId, now]);
  }

  list({ tenantId, userId }: UserRef, now: Date): Promise<KnownDevice[]> {
    return this.database.rows(LIST, [tenantId, userId, now]);
  }

  async remove({ tenantId, userId }: UserRef, id: string): Promise<boolean> {
    return (await this.database.first(REMOVE, [tenantId, userId, id])) !== null;
  }

  /** None of them stands for the second factor any more. */
  async untrustAll(tx: Queryable, { tenantId, userId }: UserRef): Promise<void> {
    await tx.rows(UNTRUST, [tenantId, userId]);
  }

  /** Removes at most `limit` that were not used for long; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}
