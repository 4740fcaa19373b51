import { type Revocation, RevocationMirror } from '@latchkey/nest';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { RecentRevocations } from './recent-revocations';
import { RevocationPush } from './revocation-push';
import { placeOf, RevocationStore, type FeedPage } from './revocation.store';

const POLL_INTERVAL = 1_000;
/** A feed that has not been read for this long counts as lost: three polls. Milliseconds. */
const FRESH_FOR = 3_000;
const HURRY_AFTER = 5;
const FROM_THE_BEGINNING = '0';

/**
 * Keeps this process's mirror up to date. Every process polls each second, resuming from a snapshot horizon; a push
 * only hurries the next poll.
 */
@Injectable()
export class RevocationFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Milliseconds by which the database's clock is ahead of ours, as of the last poll. */
  clockSkew = 0;

  /** For those who follow the feed through this process. */
  readonly recent = new RecentRevocations();

  private horizon = FROM_THE_BEGINNING;
  private server: string | null = null;
  private lastGoodPoll: number | null = null;
  private polling: Promise<void> | null = null;
  private again = false;
  private lost = false;
  private timer?: NodeJS.Timeout;
  private hurrying?: NodeJS.Timeout;
  private stopped = false;

  constructor(
    private readonly store: RevocationStore,
    private readonly mirror: RevocationMirror,
    private readonly clock: Clock,
    private readonly events: EventLog,
    private readonly push: RevocationPush,
  ) {}

  /** Listens, then loads: nothing falls between the two. */
  async onApplicationBootstrap(): Promise<void> {
    await this.push.listen(() => void this.pollNow());
    await this.pollNow();
    this.timer = setInterval(() => void this.tick(), POLL_INTERVAL);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.hurrying);
    await this.push.close();
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
    this.recent.add([revocation]);
    this.record(revocation);
    // Batched: NOTIFY takes a database-wide lock at commit, and many revocations need one look.
    this.hurrying ??= setTimeout(() => {
      this.hurrying = undefined;
      void this.push.hurry();
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
    try {
      await this.readPages(startedAt);
    } catch {
      // The age of the last good poll says it all; the policy for a lost feed is the verifier's.
    }
    this.tellOfChange();
  }

  private async readPages(startedAt: number): Promise<void> {
    const asked = this.clock.now();
    const from = this.horizon;
    const first = await this.store.poll(placeOf(from), new Date(asked));
    this.clockSkew = first.databaseNow.getTime() - (asked + this.clock.now()) / 2;
    const revocations = [...first.revocations];
    this.apply(first);
    for (let { next } = first; next;) {
      const page = await this.store.poll(next, new Date(asked));
      if (page.server !== first.server) throw new Error('The server changed between two pages');
      this.apply(page);
      revocations.push(...page.revocations);
      next = page.next;
    }
    this.resumeAfter({ ...first, revocations }, from, startedAt);
  }

  private apply({ revocations }: FeedPage): void {
    for (const revocation of revocations) this.mirror.apply(revocation);
  }

  /**
   * From the first page's horizon: each further page saw more, never less. Another server counts transactions on its
   * own: everything is read once more before the feed is fresh again.
   */
  private resumeAfter(read: FeedPage, from: string, startedAt: number): void {
    const sameServer = read.server === (this.server ?? read.server);
    this.server = read.server;
    this.horizon = sameServer ? read.horizon : FROM_THE_BEGINNING;
    this.again ||= !sameServer;
    if (!sameServer) return;
    this.lastGoodPoll = startedAt;
    if (from === FROM_THE_BEGINNING) this.recent.restart(read.horizon);
    else this.recent.add(read.revocations, read.horizon);
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
    await this.pollNow();
  }
}
