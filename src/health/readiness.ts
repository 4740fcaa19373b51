import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { BackgroundDatabase } from '../database/background-database';
import { RevocationFeed } from '../revocation/revocation-feed';

export type CheckResult = 'ok' | 'failed';

export interface ReadinessReport {
  readonly ready: boolean;
  readonly checks: Record<'database' | 'revocation_feed' | 'clock' | 'running', CheckResult>;
}

/** Database skew below this is noise. Milliseconds. */
const LEAST_SKEW = 1_000;

/** Whether this process should be sent requests. Asks over a connection that requests do not use. */
@Injectable()
export class Readiness implements BeforeApplicationShutdown {
  private stopping = false;
  private asking: Promise<boolean> | null = null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: BackgroundDatabase,
    private readonly feed: RevocationFeed,
  ) {}

  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  async check(): Promise<ReadinessReport> {
    const reachable = await this.reachable();
    const skew = Math.abs(this.feed.clockSkew);
    const checks = {
      database: result(reachable),
      revocation_feed: result(this.feed.isFresh()),
      clock: result(skew <= Math.max(this.config.auth.jwt.leeway, LEAST_SKEW)),
      running: result(!this.stopping),
    };
    return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
  }

  /** One question at a time, however many ask: the route is open to everyone. */
  private reachable(): Promise<boolean> {
    this.asking ??= this.database
      .ping()
      .then(
        () => true,
        () => false,
      )
      .finally(() => (this.asking = null));
    return this.asking;
  }
}

function result(good: boolean): CheckResult {
  return good ? 'ok' : 'failed';
}
