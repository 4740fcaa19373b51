import type { Client, Pool } from 'pg';
import { tryAdvisoryLock } from './advisory-lock';
import { Database } from './database';
import { asUnavailable, unavailable } from './infrastructure-failure';
import { atMost } from './time-limit';

const END_LIMIT_MS = 2_000;
const CLOSE_LIMIT_MS = 10_000;

/** The database as timers and jobs see it: two connections of their own, so that they never take one from a request. */
export class BackgroundDatabase extends Database {
  constructor(
    pool: Pool,
    prepared: boolean,
    private readonly openDirect: () => Client,
  ) {
    super(pool, prepared);
  }

  /**
   * Runs `work` while no other process holds the lock of this name; null, at once, when one does. The lock is held by
   * a connection of its own and ends with it: if that is lost in mid-work another process may begin.
   */
  async withAdvisoryLock<T>(name: string, work: () => Promise<T>): Promise<T | null> {
    const client = this.openDirect();
    client.on('error', () => {});
    try {
      return (await this.#lock(client, name)) ? await work() : null;
    } finally {
      await atMost(END_LIMIT_MS, client.end());
    }
  }

  async #lock(client: Client, name: string): Promise<boolean> {
    await client.connect().catch((error: unknown) => {
      throw unavailable(error);
    });
    return tryAdvisoryLock(client, name).catch((error: unknown) => {
      throw asUnavailable(error);
    });
  }

  /** Closes the pool when its statements are done, at the latest after ten seconds; nothing may be asked afterwards. */
  async close(): Promise<void> {
    await atMost(CLOSE_LIMIT_MS, this.pool.end());
  }
}
