import { AuthError } from './auth-error';

/** Runs at most `slots` pieces of work at once, at most `queue` more in order of arrival, and refuses beyond. */
export class BoundedLane {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly slots: number,
    private readonly queue: number,
  ) {}

  /** @throws AuthError `overloaded` when there is no room. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.slots) this.running += 1;
    else if (this.waiting.length < this.queue) await new Promise<void>((admit) => this.waiting.push(admit));
    else throw new AuthError('overloaded', 'Too many tokens are being checked at once', { retryAfter: 1 });
    try {
      return await work();
    } finally {
      // The slot is handed over rather than freed, so that a newcomer cannot overtake the queue.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
