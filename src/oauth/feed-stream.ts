import type { Revocation } from '@latchkey/nest';
import { Readable } from 'node:stream';
import { reachesTenant, type Client } from '../clients/client';
import type { RecentRevocations } from '../revocation/recent-revocations';
import { FEED_START, type FeedPosition } from '../revocation/revocation-pages.store';
import type { FeedReader } from './feed-reader';
import { feedResponse } from './oauth.responses';

/** What a stream is fed from. */
export interface FeedSource {
  readonly reader: FeedReader;
  readonly recent: RecentRevocations;
}

/** Bytes that may wait for a slow client. */
const BUFFER = 64 * 1024;
const MOST_IN_ONE_EVENT = 500;
const FIRST_WORDS = 'retry: 1000\n\n';
const HEARTBEAT = 'event: heartbeat\n';
const NOTHING = 'data: {}\n\n';

/**
 * Server-sent events of one client: first what it missed, from the database, then what this process learns, from memory.
 * It holds a place, not a queue: a client that reads slowly makes it wait, not grow.
 */
export class FeedStream extends Readable {
  private room = false;
  private busy = false;
  private finished = false;
  /** Place in memory; null while the database is read. */
  private place: number | null = null;
  private begunAt: number | null = null;
  /** Transaction of the last id that was sent. */
  private told = FEED_START.transaction;

  constructor(
    readonly client: Client,
    private readonly source: FeedSource,
    private position: FeedPosition,
  ) {
    super({ highWaterMark: BUFFER });
    this.push(FIRST_WORDS);
  }

  /** True while the client takes nothing. */
  get isFull(): boolean {
    return !this.room;
  }

  override _read(): void {
    this.room = true;
    void this.advance();
  }

  /** Sends what there is, as far as the client takes it. */
  async advance(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.room && !this.isOver && (await this.step()));
    } catch {
      // The database cannot be read: the next second tries again, and until then no heartbeat says that all is known.
    } finally {
      this.busy = false;
    }
  }

  /** Tells the client that it knows everything; says nothing when that is not so. */
  beat(): void {
    const knowsAll = !this.busy && this.place === this.source.recent.head;
    if (knowsAll && this.room && !this.isOver) this.write(HEARTBEAT + this.movedOn() + NOTHING);
  }

  /** An event is sent before the horizon has passed it; the next beat says from where to resume without it. */
  private movedOn(): string {
    const { horizon } = this.source.recent;
    if (BigInt(horizon) <= BigInt(this.told)) return '';
    this.told = horizon;
    const position = { transaction: horizon, id: '0', next: null };
    return `id: ${this.source.reader.part(this.client, [], { position, complete: true }).cursor}\n`;
  }

  /** Ends it in order: the client comes back with the last event's id. */
  finish(): void {
    if (!this.isOver) this.push(null);
    this.finished = true;
  }

  private get isOver(): boolean {
    return this.destroyed || this.finished;
  }

  private step(): Promise<boolean> | boolean {
    return this.place === null ? this.catchUp() : this.sendRecent(this.place);
  }

  private async catchUp(): Promise<boolean> {
    // Taken before the first page is read: what comes while it is read is sent after it.
    this.begunAt ??= this.source.recent.head;
    const page = await this.source.reader.pageInTurn(this.client, this.position);
    this.position = page?.position ?? FEED_START;
    if (!page) return true;
    this.send(page.revocations, page.complete);
    if (page.complete) [this.place, this.begunAt] = [this.begunAt, null];
    return true;
  }

  private sendRecent(from: number): boolean {
    const part = this.source.recent.after(from) ?? { revocations: [], place: null };
    this.place = part.place;
    const visible = part.revocations.filter((revocation) => this.mayKnow(revocation));
    // So many are read page by page, as the client takes them.
    if (visible.length > MOST_IN_ONE_EVENT) this.place = null;
    if (this.place === null) return true;
    this.position = { transaction: this.source.recent.horizon, id: '0', next: null };
    if (visible.length > 0) this.send(visible, true);
    return false;
  }

  private mayKnow({ target }: Revocation): boolean {
    return target.kind === 'global' || reachesTenant(this.client, target.tenantId);
  }

  private send(revocations: readonly Revocation[], complete: boolean): void {
    const { position } = this;
    this.told = position.transaction;
    const part = this.source.reader.part(this.client, revocations, { position, complete });
    this.write(`event: revocations\nid: ${part.cursor}\ndata: ${JSON.stringify(feedResponse(part))}\n\n`);
  }

  private write(text: string): void {
    if (!this.isOver) this.room = this.push(text);
  }
}
