import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { EventLog } from '../common/event-log';
import { HashingLane } from '../protection/hashing-lane';
import { BoundedLabel } from './bounded-label';
import { follow } from './event-handlers';

const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MOST_ALGORITHMS = 8;

/** What password hashes cost, and who waits for one. */
@Injectable()
export class HashingMetrics {
  constructor(
    private readonly registry: Registry,
    private readonly lane: HashingLane,
    events: EventLog,
  ) {
    this.followHashes(events);
    this.gauge('latchkey_password_hash_queue_length', 'Password hashes that wait for a slot', () => lane.queued);
    this.gauge('latchkey_password_hash_running', 'Password hashes that are being computed', () => lane.running);
    this.gauge('latchkey_password_hash_slots', 'Password hashes that may be computed at once', () => lane.slots);
    this.countRefusals();
  }

  private followHashes(events: EventLog): void {
    const registers = [this.registry];
    const durations = new Histogram({
      name: 'latchkey_password_hash_duration_seconds',
      help: 'Computing one password hash, without the wait before',
      labelNames: ['algorithm', 'purpose'],
      buckets: BUCKETS,
      registers,
    });
    const waits = new Histogram({
      name: 'latchkey_password_hash_wait_seconds',
      help: 'Waiting for a slot before a password hash',
      buckets: BUCKETS,
      registers,
    });
    const algorithms = new BoundedLabel(MOST_ALGORITHMS);
    follow(events, {
      password_hashed: ({ algorithm, purpose = 'verify', durationMs = 0, queuedMs = 0 }) => {
        durations.observe({ algorithm: algorithms.of(algorithm), purpose }, durationMs / 1_000);
        waits.observe(queuedMs / 1_000);
      },
    });
  }

  private countRefusals(): void {
    const { lane } = this;
    new Counter({
      name: 'latchkey_password_hash_refusals_total',
      help: 'Password hashes refused because too many waited, answered 503',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(lane.refused);
      },
    });
  }

  private gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}
