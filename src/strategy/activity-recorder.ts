import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SessionStore } from './session.store';

const FLUSH_EVERY = 5_000;
/** Last activity is written at most once in this time per session. Milliseconds. */
export const ACTIVITY_INTERVAL = 60_000;
/** How far the row may lag behind: a login is idle only beyond it. Milliseconds. */
export const ACTIVITY_LAG = ACTIVITY_INTERVAL + FLUSH_EVERY;

/** Collects which logins were active and writes them in batches, never on a request's path. */
@Injectable()
export class ActivityRecorder implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private pending = new Map<string, number>();
  private timer?: NodeJS.Timeout;

  constructor(private readonly store: SessionStore) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_EVERY);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** `at` in milliseconds since the epoch. */
  touch(sessionId: string, at: number): void {
    this.pending.set(sessionId, at);
  }

  /** What this process saw and has not written yet. */
  lastSeen(sessionId: string): number | undefined {
    return this.pending.get(sessionId);
  }

  async flush(): Promise<void> {
    if (this.pending.size === 0) return;
    const seen = this.pending;
    this.pending = new Map();
    try {
      await this.store.recordActivity(seen);
    } catch {
      // Tried again with the next batch; what was seen since then is newer.
      for (const [id, at] of seen) if (!this.pending.has(id)) this.pending.set(id, at);
    }
  }
}
