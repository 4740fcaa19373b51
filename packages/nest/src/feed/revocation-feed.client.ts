import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AuthError } from '../auth-error';
import { fetchJson, UnexpectedAnswer } from '../http/bounded-fetch';
import { basicAuthorization, type ClientCredentials } from '../http/client-credentials';
import { deadlineAfter } from '../http/deadline';
import { openStream } from '../http/open-stream';
import { RevocationMirror, type Revocable } from '../revocation/revocation-mirror';
import type { VerifierParts } from '../verifier-recipe';
import { readEvents, type StreamEvent } from './event-stream';
import { DEFAULT_MAX_STALENESS, FRESH_FOR, type FeedOptions } from './feed-options';
import { feedPageOf, type FeedPage } from './feed-page';

const POLL_INTERVAL = 1_000;
/** The stream tells something every second; after this silence it is polled beside it. */
const STREAM_SPEAKS_WITHIN = 1_500;
/** After this silence the stream is opened anew. */
const STREAM_IS_DEAD_AFTER = 5_000;
const LONGEST_BACKOFF = 30_000;
/** Marks are kept longer than any token they concern, whatever leeway it is granted and however far clocks differ. */
const KEEP_EXPIRED_FOR = 120_000;
const FORGET_EVERY = 60_000;

export interface FeedSource extends FeedOptions {
  /** Of the service, such as `https://auth.example.com`. */
  readonly url: string;
  readonly client: ClientCredentials;
  /** Milliseconds per call. */
  readonly timeout: number;
}

/** One open stream. Until what was missed is loaded, an event is applied but proves nothing about what came before it. */
interface Reading {
  caughtUp: boolean;
  readonly giveUp: () => void;
}

/**
 * Follows the service's revocation feed over HTTP: a stream for speed, and a poll every second whenever the stream is
 * silent, as behind a proxy that buffers. What is known is held in memory.
 */
export class RevocationFeedClient {
  readonly mirror = new RevocationMirror();

  private readonly authorization: string;
  private readonly stopping = new AbortController();
  private cursor?: string;
  private lastComplete: number | null = null;
  private lastEvent = -Infinity;
  private lastForgotten = 0;
  private loading: Promise<unknown> = Promise.resolve();
  private working: Promise<unknown> = Promise.resolve();
  private fresh = true;
  private starting?: Promise<void>;

  constructor(
    private readonly source: FeedSource,
    private readonly parts: VerifierParts,
  ) {
    this.authorization = basicAuthorization(source.client);
  }

  /** Goes on trying in the background also when this rejects, until `stop()`. @throws when the first load fails. */
  start(): Promise<void> {
    this.starting ??= this.begin();
    return this.starting;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.working;
  }

  /** Milliseconds since the feed was last known to be complete; null until it was loaded once. */
  age(): number | null {
    return this.lastComplete === null ? null : this.parts.clock.monotonic() - this.lastComplete;
  }

  isFresh(): boolean {
    const age = this.age();
    return age !== null && age <= FRESH_FOR;
  }

  /** False while the feed is older than the policy allows. */
  isTrustworthy(): boolean {
    const { onLoss = 'bounded_staleness', maxStaleness = DEFAULT_MAX_STALENESS } = this.source;
    const age = this.age();
    return age !== null && (age <= FRESH_FOR || (onLoss === 'bounded_staleness' && age <= maxStaleness));
  }

  /** @throws AuthError `unavailable` when the feed is older than the policy allows. */
  requireTrustworthy(): void {
    if (this.isTrustworthy()) return;
    throw new AuthError('unavailable', 'Revocations cannot be checked right now', { retryAfter: 1, detail: 'feed' });
  }

  /** @throws AuthError `token_revoked` when the login is over, `token_expired` when the token must be renewed. */
  requireValid(token: Revocable): void {
    const verdict = this.mirror.verdict(token);
    if (verdict === 'revoked') throw new AuthError('token_revoked', 'The login was ended');
    if (verdict === 'renew') throw new AuthError('token_expired', 'The access token is out of date: refresh it');
  }

  private begin(): Promise<void> {
    const loaded = this.load();
    this.working = Promise.all([this.keepPolling(), this.keepStreaming()]);
    return loaded;
  }

  private async keepPolling(): Promise<void> {
    while (await this.wait(POLL_INTERVAL)) {
      if (this.parts.clock.monotonic() - this.lastEvent > STREAM_SPEAKS_WITHIN)
        await this.load().catch(() => undefined);
      this.tellOfChange();
      this.forgetExpired();
    }
  }

  private async keepStreaming(): Promise<void> {
    let failures = 0;
    do {
      const before = this.lastEvent;
      await this.follow().catch(() => undefined);
      failures = this.lastEvent > before ? 0 : failures + 1;
      // Full jitter: a thousand readers that lost one service must not come back at the same moment.
    } while (await this.wait(randomInt(Math.min(LONGEST_BACKOFF, 1_000 * 2 ** Math.min(failures, 10)))));
  }

  /** Subscribes, then loads: nothing falls between the two. Returns or throws when the stream is over. */
  private async follow(): Promise<void> {
    const silence = deadlineAfter(STREAM_IS_DEAD_AFTER, this.stopping.signal);
    try {
      const body = await this.openStream(silence.signal);
      const reading: Reading = { caughtUp: false, giveUp: silence.abort };
      this.catchUp(reading);
      for await (const event of readEvents(body)) {
        silence.refresh();
        this.receive(event, reading);
      }
    } finally {
      silence.done();
      silence.abort();
    }
  }

  private openStream(signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const headers = {
      authorization: this.authorization,
      ...(this.cursor !== undefined && { 'last-event-id': this.cursor }),
    };
    return openStream(`${this.source.url}/oauth/revocations/stream`, headers, signal);
  }

  private catchUp(reading: Reading): void {
    reading.caughtUp = false;
    this.load().then(() => (reading.caughtUp = true), reading.giveUp);
  }

  private receive({ event, data, id }: StreamEvent, reading: Reading): void {
    if (event === 'revocations') this.receivePage(feedPageOf(JSON.parse(data)), id, reading);
    else if (event !== 'heartbeat') return;
    else if (reading.caughtUp) this.cursor = id ?? this.cursor;
    if (!reading.caughtUp) return;
    this.lastEvent = this.lastComplete = this.parts.clock.monotonic();
  }

  private receivePage(page: FeedPage, id: string | undefined, reading: Reading): void {
    this.apply(page);
    if (!page.complete) this.catchUp(reading);
    else if (reading.caughtUp) this.cursor = id ?? page.cursor;
  }

  /** One load after the other, so that each begins after it was asked for. */
  private load(): Promise<void> {
    const loaded = this.loading.then(() => this.readPages());
    this.loading = loaded.catch(() => undefined);
    return loaded;
  }

  private async readPages(): Promise<void> {
    for (let complete = false; !complete;) {
      const startedAt = this.parts.clock.monotonic();
      const page = await this.readPage();
      if (!page.complete && page.cursor === this.cursor) throw new Error('The revocation feed does not move on');
      this.apply(page);
      this.cursor = page.cursor;
      complete = page.complete;
      if (complete) this.lastComplete = Math.max(startedAt, this.lastComplete ?? startedAt);
    }
  }

  private async readPage(): Promise<FeedPage> {
    const since = this.cursor === undefined ? '' : `?since=${encodeURIComponent(this.cursor)}`;
    try {
      return feedPageOf(
        await fetchJson({
          url: `${this.source.url}/oauth/revocations${since}`,
          headers: { authorization: this.authorization },
          timeout: this.source.timeout,
          signal: this.stopping.signal,
        }),
      );
    } catch (error) {
      // A cursor that the service does not know, as after a restored backup: read everything once more.
      if (error instanceof UnexpectedAnswer && [400, 410].includes(error.status)) this.cursor = undefined;
      throw error;
    }
  }

  private apply({ revocations }: FeedPage): void {
    for (const revocation of revocations) this.mirror.apply(revocation);
  }

  private tellOfChange(): void {
    const fresh = this.isFresh();
    if (fresh !== this.fresh) this.parts.hooks.onFeedChange?.(fresh);
    this.fresh = fresh;
  }

  private forgetExpired(): void {
    const now = this.parts.clock.monotonic();
    if (now - this.lastForgotten < FORGET_EVERY) return;
    this.lastForgotten = now;
    this.mirror.forgetExpired(this.parts.clock.now() - KEEP_EXPIRED_FOR);
  }

  /** False when it is time to stop. */
  private wait(milliseconds: number): Promise<boolean> {
    return pause(milliseconds, true, { signal: this.stopping.signal, ref: false }).catch(() => false);
  }
}
