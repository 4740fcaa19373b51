import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import type { Queryable, Statement } from '../database/database';

/** A letter under seal. */
export interface OutboxRow {
  readonly id: string;
  readonly kind: string;
  readonly tenantId: string;
  /** Null: somebody who has no account yet. */
  readonly userId: string | null;
  readonly sealed: Buffer;
  readonly sealedBy: string;
  readonly expiresAt: Date;
}

/** A row that this process tries now, and no other until its lease ends. */
export interface ClaimedRow extends OutboxRow {
  /** How often it was tried, this time included. */
  readonly attempts: number;
}

export interface Claim {
  readonly now: Date;
  /** When others may try what this process did not settle. */
  readonly leaseUntil: Date;
  readonly limit: number;
}

const ADD: Statement = {
  name: 'outbox_add',
  text: `INSERT INTO mail_outbox (id, kind, tenant_id, user_id, sealed, sealed_by, next_attempt_at, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)`,
};

const CLAIM: Statement = {
  name: 'outbox_claim',
  text: `WITH due AS (SELECT id FROM mail_outbox WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $3
                        FOR UPDATE SKIP LOCKED)
         UPDATE mail_outbox o SET attempts = o.attempts + 1, next_attempt_at = $2 FROM due WHERE o.id = due.id
         RETURNING o.id, o.kind, o.tenant_id AS "tenantId", o.user_id AS "userId", o.sealed, o.sealed_by AS "sealedBy",
                   o.expires_at AS "expiresAt", o.attempts`,
};

const REMOVE: Statement = { name: 'outbox_remove', text: 'DELETE FROM mail_outbox WHERE id = $1' };

// Only the latest try decides when the next one is.
const POSTPONE: Statement = {
  name: 'outbox_postpone',
  text: 'UPDATE mail_outbox SET next_attempt_at = $3 WHERE id = $1 AND attempts = $2',
};

const PURGE: Statement = {
  name: 'outbox_purge',
  text: `WITH expired AS (SELECT id FROM mail_outbox WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
         DELETE FROM mail_outbox o USING expired e WHERE o.id = e.id RETURNING 1`,
};

/** Letters on their way. */
@Injectable()
export class OutboxStore {
  constructor(private readonly background: BackgroundDatabase) {}

  /** Part of the caller's transaction. */
  async add(tx: Queryable, row: OutboxRow, now: Date): Promise<void> {
    const { id, kind, tenantId, userId, sealed, sealedBy, expiresAt } = row;
    await tx.rows(ADD, [id, kind, tenantId, userId, sealed, sealedBy, now, expiresAt]);
  }

  /** Takes what is due, oldest first. */
  claim({ now, leaseUntil, limit }: Claim): Promise<ClaimedRow[]> {
    return this.background.rows<ClaimedRow>(CLAIM, [now, leaseUntil, limit]);
  }

  /** The letter was handed over or given up. */
  async remove(id: string): Promise<void> {
    await this.background.rows(REMOVE, [id]);
  }

  async postpone({ id, attempts }: ClaimedRow, until: Date): Promise<void> {
    await this.background.rows(POSTPONE, [id, attempts, until]);
  }

  /** Removes at most `limit` letters that came too late; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now, limit])).length;
  }
}
