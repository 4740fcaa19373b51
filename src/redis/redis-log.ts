import type { Clock } from '../common/clock';
import type { EventLog } from '../common/event-log';

/** What goes on, or happens again and again, is told once in this time. Milliseconds. */
const TELL_EVERY = 60_000;

type Trouble = 'redis_lost' | 'redis_refused';

/** Tells of trouble with Redis, and of its end, without filling the log. */
export class RedisLog {
  private readonly toldAt: Partial<Record<Trouble, number>> = {};
  private toldOfThisLoss = false;

  constructor(
    private readonly clock: Clock,
    private readonly events: EventLog,
  ) {}

  lost(error: Error): void {
    if (this.tell('redis_lost', error)) this.toldOfThisLoss = true;
  }

  refused(error: Error): void {
    this.tell('redis_refused', error);
  }

  restored(): void {
    if (this.toldOfThisLoss) this.events.record('redis_restored');
    this.toldOfThisLoss = false;
  }

  private tell(trouble: Trouble, { message }: Error): boolean {
    const now = this.clock.monotonic();
    if (now - (this.toldAt[trouble] ?? -TELL_EVERY) < TELL_EVERY) return false;
    this.toldAt[trouble] = now;
    this.events.record(trouble, { reason: message });
    return true;
  }
}
