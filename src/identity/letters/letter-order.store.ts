import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../../database/background-database';
import { Database, type Queryable, type Statement } from '../../database/database';
import type { LetterFacts, LetterKind } from '../../mail/letter';
import type { UserRef } from '../user.store';

/** `email_change` becomes two letters, all others one. */
export type OrderKind = Exclude<LetterKind, 'change_old' | 'change_new' | 'invitation'> | 'email_change';

/** No secrets. */
export interface OrderFacts extends LetterFacts {
  /** An address that was the account's, in place of the stored one. */
  readonly sendTo?: string;
}

/** A letter that is asked for, to whoever it may be. */
export interface LetterOrder {
  readonly kind: OrderKind;
  /** Null: no such tenant. */
  readonly tenantId: string | null;
  readonly userId?: string | null;
  /** In place of the user's id: an address as it was typed, in the form that is compared. */
  readonly emailKey?: string | null;
  readonly facts: OrderFacts;
}

export interface KeptOrder extends LetterOrder {
  readonly id: string;
}

/** Who a letter goes to, as stored. */
export interface Recipient extends UserRef {
  readonly email: string | null;
  readonly name: string | null;
  readonly verified: boolean;
}

export interface Turn {
  readonly now: Date;
  readonly expiresAt: Date;
}

const ADD: Statement = {
  name: 'letter_order_add',
  text: `INSERT INTO letter_orders (kind, tenant_id, user_id, email_key, facts, not_before, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
};

const TAKE: Statement = {
  name: 'letter_order_take',
  text: `DELETE FROM letter_orders WHERE id = (SELECT id FROM letter_orders WHERE not_before <= $1 AND expires_at > $1
                                                ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, kind, tenant_id AS "tenantId", user_id AS "userId", email_key AS "emailKey", facts`,
};

const POSTPONE: Statement = {
  name: 'letter_order_postpone',
  text: 'UPDATE letter_orders SET not_before = $2 WHERE id = $1',
};

const RECIPIENT = `
  SELECT tenant_id AS "tenantId", id AS "userId", email, name, email_verified_at IS NOT NULL AS verified
    FROM users WHERE status = 'active' AND tenant_id = $1`;
const BY_ID: Statement = { name: 'letter_recipient_by_id', text: `${RECIPIENT} AND id = $2` };
const BY_EMAIL: Statement = { name: 'letter_recipient_by_email', text: `${RECIPIENT} AND email_key = $2` };

// An hour that has passed counts for nothing; within it one statement decides, however many ask at once.
const ALLOW: Statement = {
  name: 'letter_allow',
  text: `INSERT INTO mail_allowances AS a (tenant_id, user_id, sent, expires_at) VALUES ($1, $2, 1, $4)
         ON CONFLICT (tenant_id, user_id) DO UPDATE
            SET sent = CASE WHEN a.expires_at <= $3 THEN 1 ELSE a.sent + 1 END,
                expires_at = CASE WHEN a.expires_at <= $3 THEN excluded.expires_at ELSE a.expires_at END
          WHERE a.expires_at <= $3 OR a.sent < $5
         RETURNING true AS allowed`,
};

const PURGE_ORDERS: Statement = {
  name: 'letter_orders_purge',
  text: `WITH expired AS (SELECT id FROM letter_orders WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
         DELETE FROM letter_orders o USING expired e WHERE o.id = e.id RETURNING 1`,
};

const PURGE_ALLOWANCES: Statement = {
  name: 'mail_allowances_purge',
  text: `WITH expired AS (SELECT tenant_id, user_id FROM mail_allowances WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
         DELETE FROM mail_allowances a USING expired e WHERE a.tenant_id = e.tenant_id AND a.user_id = e.user_id RETURNING 1`,
};

const HOUR = 60 * 60_000;

/** Letters that were asked for and are not written yet. */
@Injectable()
export class LetterOrderStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  /** One statement, the same for every account, known or not. */
  async add(
    { kind, tenantId, userId = null, emailKey = null, facts }: LetterOrder,
    { now, expiresAt }: Turn,
  ): Promise<void> {
    await this.database.rows(ADD, [kind, tenantId, userId, emailKey, JSON.stringify(facts), now, expiresAt]);
  }

  /** Runs `work` in a transaction that takes the order at its head; false when there is none. */
  async takeNext(now: Date, work: (tx: Queryable, order: KeptOrder) => Promise<void>): Promise<boolean> {
    return this.background.transaction(async (tx) => {
      const order = await tx.first<KeptOrder>(TAKE, [now]);
      if (order) await work(tx, order);
      return order !== null;
    });
  }

  async postpone(id: string, until: Date): Promise<void> {
    await this.background.rows(POSTPONE, [id, until]);
  }

  /** Null for who is unknown, or may not sign in. */
  async findRecipient(tx: Queryable, { tenantId, userId, emailKey }: LetterOrder): Promise<Recipient | null> {
    if (tenantId === null) return null;
    return userId
      ? tx.first<Recipient>(BY_ID, [tenantId, userId])
      : tx.first<Recipient>(BY_EMAIL, [tenantId, emailKey]);
  }

  /** True, and counted, while the account may be sent more letters that anybody can ask for. */
  async allow(tx: Queryable, { tenantId, userId }: UserRef, now: Date, most: number): Promise<boolean> {
    const values = [tenantId, userId, now, new Date(now.getTime() + HOUR), most];
    return (await tx.first(ALLOW, values)) !== null;
  }

  /** Removes at most `limit` rows that matter no more, of each kind; returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    const orders = await this.background.rows(PURGE_ORDERS, [now, limit]);
    const allowances = await this.background.rows(PURGE_ALLOWANCES, [now, limit]);
    return Math.max(orders.length, allowances.length);
  }
}
