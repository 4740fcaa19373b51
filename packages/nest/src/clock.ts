/** The only reader of time. Tests replace it; nothing else may call `Date.now()` or `new Date()`. */
export class Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number {
    return Date.now();
  }

  date(): Date {
    return new Date(this.now());
  }

  /** Milliseconds on a clock that never jumps; only differences mean anything. */
  monotonic(): number {
    return performance.now();
  }
}
