import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import type { Statement } from '../database/database';

/** A delivery that this process has to attempt now. */
export interface ClaimedDelivery {
  readonly event_id: string;
  readonly endpoint: string;
  readonly body: string;
  /** This one included. */
  readonly attempts: number;
  readonly give_up_at: Date;
}

export interface ListedDelivery {
  readonly event_id: string;
  readonly endpoint: string;
  readonly tenant_id: string | null;
  readonly event: string;
  readonly state: string;
  readonly attempts: number;
  readonly created_at: Date;
  readonly next_attempt_at: Date;
  readonly last_status: number | null;
  readonly last_error: string | null;
}

export interface Claim {
  readonly endpoint: string;
  readonly now: Date;
  /** Until then nobody else attempts it; if the process ends, somebody does afterwards. */
  readonly until: Date;
  readonly limit: number;
}

/** How an attempt ended. */
export interface Attempt {
  readonly status: number | null;
  readonly error: string | null;
}

const CLAIM: Statement = {
  name: 'webhook_claim',
  text: `UPDATE webhook_deliveries d SET attempts = d.attempts + 1, next_attempt_at = $3
           FROM (SELECT event_id, endpoint FROM webhook_deliveries
                  WHERE endpoint = $1 AND state = 'pending' AND next_attempt_at <= $2
                  ORDER BY next_attempt_at LIMIT $4 FOR UPDATE SKIP LOCKED) due
          WHERE d.event_id = due.event_id AND d.endpoint = due.endpoint
          RETURNING d.event_id, d.endpoint, d.body, d.attempts, d.give_up_at`,
};

const SETTLE: Statement = {
  name: 'webhook_settle',
  text: `UPDATE webhook_deliveries SET state = $3, finished_at = $4, last_status = $5, last_error = $6
          WHERE event_id = $1 AND endpoint = $2 AND state = 'pending'`,
};

const POSTPONE: Statement = {
  name: 'webhook_postpone',
  text: `UPDATE webhook_deliveries SET next_attempt_at = $3, last_status = $4, last_error = $5
          WHERE event_id = $1 AND endpoint = $2 AND state = 'pending'`,
};

// The courier gives up in time; what is left belongs to receivers that are not configured any more.
const ABANDON: Statement = {
  name: 'webhook_abandon',
  text: `UPDATE webhook_deliveries SET state = 'dead', finished_at = $2, last_error = 'the receiver is not configured'
          WHERE state = 'pending' AND give_up_at <= $1`,
};

const LIST: Statement = {
  name: 'webhook_list',
  text: `SELECT event_id, endpoint, tenant_id, event, state, attempts, created_at, next_attempt_at, last_status, last_error
           FROM webhook_deliveries WHERE state = $1 ORDER BY created_at, event_id LIMIT $2`,
};

const RETRY: Statement = {
  name: 'webhook_retry',
  text: `UPDATE webhook_deliveries SET state = 'pending', attempts = 0, next_attempt_at = $2, give_up_at = $3, finished_at = NULL
          WHERE state = 'dead' AND ($1::uuid IS NULL OR event_id = $1) RETURNING 1`,
};

const PURGE: Statement = {
  name: 'webhook_purge',
  text: `WITH old AS (SELECT event_id, endpoint FROM webhook_deliveries
                       WHERE (state = 'delivered' AND finished_at <= $1) OR (state = 'dead' AND finished_at <= $2)
                       LIMIT $3)
         DELETE FROM webhook_deliveries d USING old o
          WHERE d.event_id = o.event_id AND d.endpoint = o.endpoint RETURNING 1`,
};

const DAY = 86_400_000;
const DELIVERED_KEPT = 7 * DAY;
const DEAD_KEPT = 30 * DAY;

/** What is to be sent, was sent, or could not be. */
@Injectable()
export class WebhookDeliveryStore {
  constructor(private readonly database: BackgroundDatabase) {}

  /** Each due delivery is claimed by one process. */
  claim({ endpoint, now, until, limit }: Claim): Promise<ClaimedDelivery[]> {
    return this.database.rows<ClaimedDelivery>(CLAIM, [endpoint, now, until, limit]);
  }

  async settle(
    delivery: ClaimedDelivery,
    state: 'delivered' | 'dead',
    { status, error }: Attempt,
    at: Date,
  ): Promise<void> {
    await this.database.rows(SETTLE, [delivery.event_id, delivery.endpoint, state, at, status, error]);
  }

  async postpone(delivery: ClaimedDelivery, until: Date, { status, error }: Attempt): Promise<void> {
    await this.database.rows(POSTPONE, [delivery.event_id, delivery.endpoint, until, status, error]);
  }

  list(state: string, limit: number): Promise<ListedDelivery[]> {
    return this.database.rows<ListedDelivery>(LIST, [state, limit]);
  }

  /** Dead deliveries begin anew: one event's, or all with null; answers how many. */
  async retry(eventId: string | null, now: Date): Promise<number> {
    return (await this.database.rows(RETRY, [eventId, now, new Date(now.getTime() + DAY)])).length;
  }

  async purgeExpired(now: Date, limit: number): Promise<number> {
    const before = (age: number): Date => new Date(now.getTime() - age);
    await this.database.rows(ABANDON, [before(DAY), now]);
    return (await this.database.rows(PURGE, [before(DELIVERED_KEPT), before(DEAD_KEPT), limit])).length;
  }
}
