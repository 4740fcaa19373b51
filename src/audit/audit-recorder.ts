import { AuthError, requestContext } from '@latchkey/nest';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog, type EventFacts, type SecurityEvent } from '../common/event-log';
import { AUDIT_ACTOR, entryOf, type AuditActor } from './audit-sources';
import { rowOf, type AuditRow } from './audit-entry';
import { AUDIT_OUTCOMES } from './audit-outcomes';
import { AuditStore } from './audit.store';
import { WebhookEndpoints } from './webhook-endpoints';

/** Most events that wait in memory for the database. */
export const AUDIT_BUFFER = 10_000;
const BATCH = 500;
const FLUSH_AFTER = 250;
const LONGEST_PAUSE = 5_000;
const CLOSING_PAUSE = 20;

/**
 * Takes note of security events in memory and writes them in batches, never on a request's path. What does not fit
 * while the database is away is counted, logged, and told by an event of its own.
 */
@Injectable()
export class AuditRecorder implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  private waiting: AuditRow[] = [];
  private lost = 0;
  private failures = 0;
  private timer?: NodeJS.Timeout;
  private flushing: Promise<void> | null = null;
  private closing = false;

  constructor(
    private readonly store: AuditStore,
    private readonly endpoints: WebhookEndpoints,
    private readonly events: EventLog,
    private readonly clock: Clock,
    @Inject(AUDIT_ACTOR) private readonly actor: AuditActor,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.store.beginEra(this.clock.date());
    this.events.subscribe((event, facts) => this.note(event, facts));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closing = true;
    await this.flush();
  }

  /** Requests that were still open when shutting down began have ended by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.flush();
    clearTimeout(this.timer);
    if (this.waiting.length > 0) this.tellOfLoss(this.waiting.length);
  }

  /** How many events are in memory alone. */
  get pending(): number {
    return this.waiting.length;
  }

  /** Writes what is in memory; resolves, having kept it, when the database is away. */
  async flush(): Promise<void> {
    while (this.flushing) await this.flushing;
    this.flushing = this.drain().finally(() => (this.flushing = null));
    await this.flushing;
  }

  private note(event: SecurityEvent, facts: EventFacts): void {
    const outcome = AUDIT_OUTCOMES[event];
    if (outcome === 'operational') return;
    if (this.waiting.length >= AUDIT_BUFFER) return this.lose(event);
    this.waiting.push(
      rowOf(entryOf({ event, facts, outcome }, this.actor, requestContext.getStore()), this.clock.date()),
    );
    this.flushSoon();
  }

  /** The log says so when it begins; how many there were is told in the trail, once the database is back. */
  private lose(event: SecurityEvent): void {
    if (event === 'audit_events_lost') return;
    this.lost += 1;
    if (this.lost === 1) this.events.record('audit_events_lost', { reason: 'memory_full' });
  }

  private flushSoon(): void {
    if (this.timer) return;
    const pause = Math.min(LONGEST_PAUSE, FLUSH_AFTER * 2 ** Math.min(this.failures, 6));
    this.timer = setTimeout(() => void this.flush(), this.closing ? CLOSING_PAUSE : pause);
  }

  private async drain(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, BATCH);
      if (!(await this.write(batch))) return this.flushSoon();
      this.waiting.splice(0, batch.length);
    }
    const { lost } = this;
    this.lost = 0;
    if (lost > 0) this.tellOfLoss(lost);
  }

  /** False: the database is away, and the batch stays where it is. */
  private async write(batch: readonly AuditRow[]): Promise<boolean> {
    try {
      await this.store.append(batch, this.endpoints.deliveriesOf(batch), this.clock.date());
      this.failures = 0;
      return true;
    } catch (error) {
      if (!isRefusal(error)) this.failures += 1;
      return isRefusal(error) ? this.writeOneByOne(batch) : false;
    }
  }

  /** One row that the database refuses must not hold up the others for ever. */
  private async writeOneByOne(batch: readonly AuditRow[]): Promise<boolean> {
    if (batch.length > 1) {
      for (const row of batch) if (!(await this.write([row]))) return false;
    } else this.lost += 1;
    return true;
  }

  private tellOfLoss(count: number): void {
    this.events.record('audit_events_lost', { count });
  }
}

/** The statement was understood and refused; anything else may succeed when tried again. */
function isRefusal(error: unknown): boolean {
  return !(error instanceof AuthError && error.code === 'unavailable');
}
