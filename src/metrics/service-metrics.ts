import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Registry } from 'prom-client';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { RevocationFeed } from '../revocation/revocation-feed';
import { follow } from './event-handlers';

/** The jobs beside the requests: the revocation feed, the cleanup, Redis. */
@Injectable()
export class ServiceMetrics {
  constructor(
    private readonly registry: Registry,
    private readonly events: EventLog,
    private readonly feed: RevocationFeed,
    private readonly clock: Clock,
  ) {
    this.measureFeed();
    this.followCleanup();
    this.followRedis();
  }

  private measureFeed(): void {
    const { feed } = this;
    const startedAt = this.clock.monotonic();
    this.gauge('latchkey_feed_fresh', '1 while the revocation feed is read in time', () => Number(feed.isFresh()));
    const ageHelp = 'Time since the revocation feed was last known to be complete';
    this.gauge('latchkey_feed_age_seconds', ageHelp, () => (feed.age() ?? this.clock.monotonic() - startedAt) / 1_000);
    const skewHelp = 'How far the clock of the database is ahead of this process';
    this.gauge('latchkey_clock_skew_seconds', skewHelp, () => feed.clockSkew / 1_000);
    const losses = this.counter('latchkey_feed_losses_total', 'How often the revocation feed was lost');
    follow(this.events, { feed_lost: () => losses.inc() });
  }

  private followCleanup(): void {
    const runs = this.counter('latchkey_cleanup_runs_total', 'Cleanups that this process finished');
    const rows = this.counter('latchkey_cleanup_rows_total', 'Rows that cleanups of this process removed');
    let last = 0;
    const help = 'When this process last finished a cleanup, in seconds since 1970; 0 for never';
    this.gauge('latchkey_cleanup_last_run_timestamp_seconds', help, () => last);
    follow(this.events, {
      cleanup_finished: ({ count = 0 }) => {
        runs.inc();
        rows.inc(count);
        last = this.clock.now() / 1_000;
      },
    });
  }

  private followRedis(): void {
    const losses = this.counter('latchkey_redis_losses_total', 'How often Redis was lost');
    let answers = 1;
    this.gauge('latchkey_redis_up', '0 while a configured Redis does not answer', () => answers);
    follow(this.events, {
      redis_lost: () => {
        losses.inc();
        answers = 0;
      },
      redis_restored: () => void (answers = 1),
    });
  }

  private counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.registry] });
  }

  private gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}
