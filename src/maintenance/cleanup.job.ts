import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { BackgroundDatabase } from '../database/background-database';
import { PURGEABLE, type Purgeable } from './purgeable';
import { CleanupStore } from './cleanup.store';

const BATCH = 1_000;
const PAUSE = 20;

/**
 * Removes what is over, in small batches, in one process at a time. Over by the clocks of the process and of the database
 * both: one that runs ahead must not end what the others still hold.
 */
@Injectable()
export class CleanupJob implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer?: NodeJS.Timeout;
  private stopped = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(PURGEABLE) private readonly stores: readonly Purgeable[],
    private readonly database: BackgroundDatabase,
    private readonly record: CleanupStore,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run().catch(() => undefined), this.config.auth.session.cleanupInterval);
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  /** Rows removed; null when another process is at it. */
  run(): Promise<number | null> {
    return this.database.withAdvisoryLock('cleanup', async () => {
      const now = await this.record.earlierOf(this.clock.date());
      let removed = 0;
      for (const store of this.stores) removed += await this.purge(store, now);
      await this.record.finished(now, removed);
      return removed;
    });
  }

  private async purge(store: Purgeable, now: Date): Promise<number> {
    let removed = 0;
    for (let batch = BATCH; batch === BATCH && !this.stopped;) {
      batch = await store.purgeExpired(now, BATCH);
      removed += batch;
      if (batch === BATCH) await sleep(PAUSE);
    }
    return removed;
  }
}
