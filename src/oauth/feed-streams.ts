import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import type { Client } from '../clients/client';
import { ClientStore } from '../clients/client.store';
import { Clock } from '../common/clock';
import { RevocationFeed } from '../revocation/revocation-feed';
import type { FeedPosition } from '../revocation/revocation-pages.store';
import { FeedReader } from './feed-reader';
import { FeedStream } from './feed-stream';

/** Of one client, in one process. */
const MOST_STREAMS = 50;
const BEAT = 1_000;
/** A stream ends after this and is opened anew, so that a secret which has ended is noticed. Milliseconds. */
const LIFE = 60 * 60_000;
/** A client that takes nothing for so long is cut off. Milliseconds. */
const PATIENCE = 10_000;

interface OpenStream {
  readonly stream: FeedStream;
  readonly endsAt: number;
  /** When it was first seen to take nothing; null while it takes. */
  fullSince: number | null;
}

/** The streams that are open in this process. One timer and one place in the feed serve all of them. */
@Injectable()
export class FeedStreams implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly open = new Set<OpenStream>();
  private place = 0;
  private stopping = false;
  private timer?: NodeJS.Timeout;
  private waking?: NodeJS.Immediate;
  private unfollow?: () => void;

  constructor(
    private readonly feed: RevocationFeed,
    private readonly reader: FeedReader,
    private readonly clients: ClientStore,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.unfollow = this.feed.recent.follow(() => {
      this.waking ??= setImmediate(() => this.wake());
    });
    this.timer = setInterval(() => this.tick(), BEAT);
  }

  beforeApplicationShutdown(): void {
    this.stopping = true;
    clearInterval(this.timer);
    clearImmediate(this.waking);
    this.unfollow?.();
    for (const { stream } of this.open) stream.finish();
  }

  get size(): number {
    return this.open.size;
  }

  /** @throws AuthError `rate_limited` beyond the client's share, `unavailable` while the service stops */
  async connect(client: Client, from: FeedPosition): Promise<FeedStream> {
    if (this.stopping) throw new AuthError('unavailable', 'The service is stopping', { retryAfter: 1 });
    if (this.of(client.id).length >= MOST_STREAMS) {
      throw new AuthError('rate_limited', 'This client has too many streams', { retryAfter: 5 });
    }
    // Nobody watched before the first one; what ended the client until now, the database tells below.
    if (this.open.size === 0) this.place = this.feed.recent.head;
    const stream = new FeedStream(client, { reader: this.reader, recent: this.feed.recent }, from);
    const entry: OpenStream = { stream, endsAt: this.clock.now() + LIFE, fullSince: null };
    this.open.add(entry);
    stream.once('close', () => this.open.delete(entry));
    // A stream that was never read breaks without anybody to tell.
    stream.on('error', () => undefined);
    await this.requireEnabled(stream);
    return stream;
  }

  /** Asked once it is listed: a client that was disabled since it authenticated is not missed. */
  private async requireEnabled(stream: FeedStream): Promise<void> {
    try {
      const known = await this.clients.findCredentials(stream.client.id, this.clock.date());
      if (!known?.enabled) throw new AuthError('invalid_client', 'The client could not be authenticated');
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  private wake(): void {
    this.waking = undefined;
    this.endWhereTheClientEnded();
    for (const { stream } of this.open) void stream.advance();
  }

  private endWhereTheClientEnded(): void {
    const { recent } = this.feed;
    const part = recent.after(this.place);
    this.place = recent.head;
    // What was missed may have ended any of them: they come back and authenticate.
    if (!part) return this.open.forEach(({ stream }) => stream.finish());
    for (const { target, endsLogin } of part.revocations) {
      if (target.kind === 'user' && endsLogin) for (const { stream } of this.of(target.userId)) stream.finish();
    }
  }

  private tick(): void {
    const now = this.clock.now();
    const fresh = this.feed.isFresh();
    for (const entry of this.open) {
      const { stream } = entry;
      entry.fullSince = stream.isFull ? (entry.fullSince ?? now) : null;
      if (now >= entry.endsAt) stream.finish();
      else if (entry.fullSince !== null && now - entry.fullSince > PATIENCE) stream.destroy();
      else void stream.advance().then(() => fresh && stream.beat());
    }
  }

  private of(clientId: string): OpenStream[] {
    return [...this.open].filter(({ stream }) => stream.client.id === clientId);
  }
}
