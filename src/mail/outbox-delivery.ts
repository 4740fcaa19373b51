import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { LetterWriter } from './letter-writer';
import { MailRefused, MailTransport } from './mail-transport';
import { Outbox } from './outbox';
import { OutboxStore, type ClaimedRow } from './outbox.store';
import { RepeatedWork } from './repeated-work';

/** Milliseconds. */
const LOOK_EVERY = 5_000;
/** Longer than any try: the timeouts of the configuration are at most a minute each. */
const LEASE = 5 * 60_000;
const FIRST_WAIT = 10_000;
const LONGEST_WAIT = 30 * 60_000;
const AT_A_TIME = 10;

export interface DeliverySettings {
  /** How often a letter is tried before it is given up. */
  readonly attempts: number;
}

/** Sends what waits in the outbox: each letter at least once, and in one process at a time. */
@Injectable()
export class OutboxDelivery implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly work = new RepeatedWork(() => this.deliverSome(), LOOK_EVERY);

  constructor(
    private readonly outbox: Outbox,
    private readonly store: OutboxStore,
    private readonly post: { writer: LetterWriter; transport: MailTransport; settings: DeliverySettings },
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.outbox.onHurry(() => this.work.hurry());
    this.work.start();
  }

  /** A try that is cut off is taken again by whoever comes next. */
  async beforeApplicationShutdown(): Promise<void> {
    this.post.transport.close();
    await this.work.stop();
  }

  /** Tries everything that is due. */
  deliver(): Promise<void> {
    return this.work.run();
  }

  /** True when there may be more. */
  private async deliverSome(): Promise<boolean> {
    const now = this.clock.now();
    const rows = await this.store.claim({
      now: new Date(now),
      leaseUntil: new Date(now + LEASE),
      limit: AT_A_TIME,
    });
    await Promise.all(rows.map((row) => this.try(row)));
    return rows.length === AT_A_TIME;
  }

  private async try(row: ClaimedRow): Promise<void> {
    if (row.expiresAt.getTime() <= this.clock.now()) return this.giveUp(row, 'expired');
    const letter = this.outbox.open(row);
    if (!letter) return this.giveUp(row, 'sealed_by_another_secret');
    try {
      await this.post.transport.send(this.post.writer.write(row.id, letter));
    } catch (error) {
      return this.failed(row, error);
    }
    this.record('mail_sent', row);
    await this.store.remove(row.id);
  }

  private async failed(row: ClaimedRow, error: unknown): Promise<void> {
    const reason = error instanceof MailRefused ? error.reason : 'cannot_be_written';
    const forGood = error instanceof MailRefused && error.forGood;
    if (forGood || row.attempts >= this.post.settings.attempts) return this.giveUp(row, reason);
    this.record('mail_deferred', row, reason);
    const wait = Math.min(FIRST_WAIT * 2 ** (row.attempts - 1), LONGEST_WAIT);
    await this.store.postpone(row, new Date(this.clock.now() + wait));
  }

  private async giveUp(row: ClaimedRow, reason: string): Promise<void> {
    this.record('mail_failed', row, reason);
    await this.store.remove(row.id);
  }

  private record(event: 'mail_sent' | 'mail_deferred' | 'mail_failed', row: ClaimedRow, reason?: string): void {
    const { tenantId, userId, kind, attempts } = row;
    this.events.record(event, { tenantId, userId: userId ?? undefined, kind, reason, count: attempts });
  }
}
