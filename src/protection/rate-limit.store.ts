import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import { Database } from '../database/database';

/** What the library asks with. */
export interface LimiterQuery {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

const PURGE = {
  name: 'rate_limits_purge',
  text: `
    DELETE FROM rate_limits WHERE key IN (
      SELECT key FROM rate_limits WHERE expire <= $1::bigint ORDER BY expire LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING 1`,
};

/** Counts of rate limits in PostgreSQL, written by statements of rate-limiter-flexible. */
@Injectable()
export class RateLimitStore {
  constructor(
    private readonly database: Database,
    private readonly background: BackgroundDatabase,
  ) {}

  /** Runs a statement of the library like our own ones. */
  async query({ name, text, values }: LimiterQuery): Promise<{ rows: unknown[]; rowCount: number }> {
    const rows = await this.database.rows({ name, text }, values);
    return { rows, rowCount: rows.length };
  }

  /** Removes at most `limit` windows that are over, and returns how many. */
  async purgeExpired(now: Date, limit: number): Promise<number> {
    return (await this.background.rows(PURGE, [now.getTime(), limit])).length;
  }
}
