import { availableParallelism } from 'node:os';
import { AuthError } from '@latchkey/nest';
import type { Clock } from '../common/clock';

export interface HashingLaneSettings {
  readonly maxConcurrent: number | 'auto';
  /** Threads in libuv's pool, which file reads and DNS look-ups share with hashes. */
  readonly poolSize?: number;
  readonly queueLimit?: number;
  /** A hash that waited longer is refused instead of run, well before its reserved attempt expires. */
  readonly maxWaitMs?: number;
}

export interface LaneResult<T> {
  readonly value: T;
  readonly queuedMs: number;
  readonly durationMs: number;
}

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (error: unknown) => void;
  readonly since: number;
}

/** Runs at most so many password hashes at once, the rest in order of arrival, and refuses beyond a bounded queue. */
export class HashingLane {
  readonly slots: number;
  /** Hashes that were not made, since the start. */
  refused = 0;
  private readonly queueLimit: number;
  private readonly maxWaitMs: number;
  private readonly waiters = new Set<Waiter>();
  private occupied = 0;

  constructor(
    settings: HashingLaneSettings,
    private readonly clock: Clock,
  ) {
    this.slots = settings.maxConcurrent === 'auto' ? automaticSlots(settings.poolSize ?? 4) : settings.maxConcurrent;
    this.queueLimit = settings.queueLimit ?? 100;
    this.maxWaitMs = settings.maxWaitMs ?? 15_000;
  }

  get running(): number {
    return this.occupied;
  }

  get queued(): number {
    return this.waiters.size;
  }

  /** Rejects with `overloaded` when there is no room; an aborted signal gives the place in the queue back, a hash that began ends. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<LaneResult<T>> {
    const arrived = this.clock.monotonic();
    await this.enter(signal);
    const started = this.clock.monotonic();
    try {
      const value = await work();
      return { value, queuedMs: started - arrived, durationMs: this.clock.monotonic() - started };
    } finally {
      this.leave();
    }
  }

  private async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.occupied < this.slots) {
      this.occupied += 1;
      return;
    }
    if (this.waiters.size >= this.queueLimit) throw this.overloaded('the hashing queue is full');
    await this.wait(signal);
  }

  private wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abandon = () => {
        this.waiters.delete(waiter);
        reject(signal?.reason);
      };
      const settle = (answer: () => void) => {
        signal?.removeEventListener('abort', abandon);
        answer();
      };
      const waiter: Waiter = {
        admit: () => settle(resolve),
        refuse: (error) => settle(() => reject(error)),
        since: this.clock.monotonic(),
      };
      signal?.addEventListener('abort', abandon, { once: true });
      this.waiters.add(waiter);
    });
  }

  // The slot is handed over rather than freed, so that a newcomer cannot overtake the queue.
  private leave(): void {
    for (const waiter of this.waiters) {
      this.waiters.delete(waiter);
      if (this.clock.monotonic() - waiter.since <= this.maxWaitMs) return waiter.admit();
      waiter.refuse(this.overloaded('the hash waited too long'));
    }
    this.occupied -= 1;
  }

  private overloaded(detail: string): AuthError {
    this.refused += 1;
    return new AuthError('overloaded', 'Too many sign-ins at once; try again shortly', { detail, retryAfter: 1 });
  }
}

function automaticSlots(poolSize: number): number {
  return Math.max(1, Math.min(availableParallelism(), poolSize - 2));
}
