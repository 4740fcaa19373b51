import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { OPEN_FEED_CONNECTION, type OpenFeedConnection } from '../database/database.module';
import type { Revocation } from './revocation';
import { RevocationMirror } from './revocation-mirror';
import { placeOf, RevocationStore } from './revocation.store';

type FeedConnection = ReturnType<OpenFeedConnection>;

const POLL_INTERVAL = 1_000;
/** A feed that has not been read for this long counts as lost: three polls. Milliseconds. */
const FRESH_FOR = 3_000;
const RECONNECT_AFTER = 500;
const HURRY_AFTER = 5;
const FROM_THE_BEGINNING = '0';

/**
 * Keeps this process's mirror up to date. Every process polls each second, resuming from a snapshot horizon; a
 * notification only hurries the next poll.
 */
@Injectable()
export class RevocationFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Milliseconds by which the database's clock is ahead of ours, as of the last poll. */
  clockSkew = 0;

  private horizon = FROM_THE_BEGINNING;
  private lastGoodPoll: number | null = null;
  private polling: Promise<void> | null = null;
  private again = false;
  private subscriptions = 0;
  private lost = false;
  private timer?: NodeJS.Timeout;
  private hurrying?: NodeJS.Timeout;
  private connection?: FeedConnection;
  private stopped = false;

  constructor(
    private readonly store: RevocationStore,
    private readonly mirror: RevocationMirror,
    private readonly clock: Clock,
    private readonly events: EventLog,
    @Inject(OPEN_FEED_CONNECTION) private readonly openConnection: OpenFeedConnection,
  ) {}

  /** Subscribes, then loads: nothing falls between the two. */
  async onApplicationBootstrap(): Promise<void> {
    await this.subscribe();
    await this.pollNow();
    this.timer = setInterval(() => void this.tick(), POLL_INTERVAL);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.hurrying);
    await this.connection?.end().catch(() => undefined);
    await this.polling;
  }

  /** Milliseconds since the feed was last known to be complete; null until it was loaded once. */
  age(): number | null {
    return this.lastGoodPoll === null ? null : this.clock.monotonic() - this.lastGoodPoll;
  }

  isFresh(): boolean {
    return this.lastGoodPoll !== null && this.clock.monotonic() - this.lastGoodPoll <= FRESH_FOR;
  }

  /** After the commit: this process knows at once, the others are told to look. */
  announce(revocation: Revocation): void {
    this.mirror.apply(revocation);
    this.record(revocation);
    // Batched: NOTIFY takes a database-wide lock at commit.
    this.hurrying ??= setTimeout(() => {
      this.hurrying = undefined;
      this.store.hurry().catch(() => undefined);
    }, HURRY_AFTER);
  }

  /** Reads what is new. Calls while a poll runs lead to one more poll, not to many. */
  pollNow(): Promise<void> {
    if (this.polling) {
      this.again = true;
      return this.polling;
    }
    this.polling = this.pollUntilQuiet().finally(() => (this.polling = null));
    return this.polling;
  }

  private record({ target, reason }: Revocation): void {
    this.events.record('session_revoked', {
      kind: target.kind,
      tenantId: 'tenantId' in target ? target.tenantId : undefined,
      userId: 'userId' in target ? target.userId : undefined,
      sessionId: target.kind === 'session' ? target.sessionId : undefined,
      reason,
    });
  }

  private async pollUntilQuiet(): Promise<void> {
    do {
      this.again = false;
      await this.pollOnce();
    } while (this.again && !this.stopped);
  }

  private async pollOnce(): Promise<void> {
    const startedAt = this.clock.monotonic();
    const { subscriptions } = this;
    try {
      const horizon = await this.readPages();
      // Subscribed anew meanwhile: this horizon may be another server's.
      if (subscriptions !== this.subscriptions) this.again = true;
      else [this.horizon, this.lastGoodPoll] = [horizon, startedAt];
    } catch {
      // The age of the last good poll says it all; the policy for a lost feed is the verifier's.
    }
    this.tellOfChange();
  }

  /** Answers the first page's horizon: each further page sees more, never less. */
  private async readPages(): Promise<string> {
    const asked = this.clock.now();
    const first = await this.store.poll(placeOf(this.horizon), new Date(asked));
    this.clockSkew = first.databaseNow.getTime() - (asked + this.clock.now()) / 2;
    let page = first;
    for (const revocation of page.revocations) this.mirror.apply(revocation);
    while (page.next) {
      page = await this.store.poll(page.next, new Date(asked));
      for (const revocation of page.revocations) this.mirror.apply(revocation);
    }
    return first.horizon;
  }

  private tellOfChange(): void {
    const lost = !this.isFresh();
    if (lost === this.lost) return;
    this.lost = lost;
    this.events.record(lost ? 'feed_lost' : 'feed_restored');
  }

  private async tick(): Promise<void> {
    // The earlier of the two clocks: one that runs ahead must not forget what the other still holds.
    this.mirror.forgetExpired(this.clock.now() + Math.min(0, this.clockSkew));
    if (!this.connection && !this.stopped) await this.subscribe();
    await this.pollNow();
  }

  private async subscribe(): Promise<void> {
    const connection = this.openConnection();
    connection.on('error', () => this.unsubscribe(connection));
    connection.on('end', () => this.unsubscribe(connection));
    connection.on('notification', () => void this.pollNow());
    try {
      this.connection = connection;
      await connection.connect();
      await connection.query('LISTEN latchkey_revocations');
      // The server may be another one now, with transaction ids of its own: read everything once more.
      this.horizon = FROM_THE_BEGINNING;
      this.subscriptions += 1;
    } catch {
      this.unsubscribe(connection);
    }
  }

  private unsubscribe(connection: FeedConnection): void {
    if (this.connection !== connection) return;
    connection.end().catch(() => undefined);
    // The next tick that finds no connection subscribes again; polling goes on meanwhile.
    setTimeout(() => {
      if (this.connection === connection) this.connection = undefined;
    }, RECONNECT_AFTER).unref();
  }
}
