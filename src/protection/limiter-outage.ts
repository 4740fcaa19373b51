import type { Clock } from '../common/clock';
import type { EventLog } from '../common/event-log';
import { answerWithin } from '../redis/answer-within';

/** A store that takes longer counts as lost. Milliseconds. */
const ANSWER_WITHIN = 1_000;
/** While a store is lost, one request in this time asks it. Milliseconds. */
const ASK_EVERY = 1_000;
/** A store that comes and goes is told of once in this time. Milliseconds. */
const TELL_EVERY = 60_000;

/** Knows whether the store of the counts answers, so that requests need not wait for one that does not. */
export class LimiterOutage {
  private lost = false;
  private askAgainAt = 0;
  private toldAt = -TELL_EVERY;

  constructor(
    private readonly store: string,
    private readonly clock: Clock,
    private readonly events: EventLog,
  ) {}

  /** The answer of the store; rejects at once while it is known to be lost. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    const now = this.clock.monotonic();
    if (this.lost && now < this.askAgainAt) throw new Error('the store of the limits is lost');
    this.askAgainAt = now + ASK_EVERY;
    try {
      const answer = await answerWithin(ANSWER_WITHIN, question());
      this.lost = false;
      return answer;
    } catch (error) {
      this.lose();
      throw error;
    }
  }

  private lose(): void {
    const now = this.clock.monotonic();
    this.askAgainAt = now + ASK_EVERY;
    const known = this.lost;
    this.lost = true;
    if (known || now - this.toldAt < TELL_EVERY) return;
    this.toldAt = now;
    this.events.record('limiter_degraded', { reason: this.store });
  }
}
