import { randomInt } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { WebhookDeliveryStore, type Attempt, type ClaimedDelivery } from './webhook-delivery.store';
import { WebhookEndpoints, type WebhookEndpoint } from './webhook-endpoints';
import { WebhookSender } from './webhook-sender';

const LOOK_EVERY = 1_000;
const AT_A_TIME = 5;
/** Longer than an attempt may take. */
const CLAIMED_FOR = 30_000;
const FIRST_PAUSE = 5_000;
const LONGEST_PAUSE = 4 * 3_600_000;
const MOST_ATTEMPTS = 15;
const GONE = 410;

/** Takes due deliveries to their receivers. Each receiver has a queue of its own: a slow one holds up nobody else. */
@Injectable()
export class WebhookCourier implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly rounds = new Map<string, Promise<void>>();
  private timer?: NodeJS.Timeout;
  private stopped = false;

  constructor(
    private readonly endpoints: WebhookEndpoints,
    private readonly store: WebhookDeliveryStore,
    private readonly sender: WebhookSender,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (this.endpoints.all.length > 0) this.timer = setInterval(() => this.look(), LOOK_EVERY);
  }

  /** What is under way is attempted again by whoever comes: receivers know a message by its id. */
  onApplicationShutdown(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  /** Begins a round for each receiver that has none under way. */
  look(): void {
    for (const endpoint of this.endpoints.all) {
      if (this.rounds.has(endpoint.id)) continue;
      const round = this.deliverTo(endpoint)
        .catch(() => undefined)
        .finally(() => this.rounds.delete(endpoint.id));
      this.rounds.set(endpoint.id, round);
    }
  }

  private async deliverTo(endpoint: WebhookEndpoint): Promise<void> {
    for (let claimed = AT_A_TIME; claimed === AT_A_TIME && !this.stopped;) {
      const now = this.clock.date();
      const until = new Date(now.getTime() + CLAIMED_FOR);
      const due = await this.store.claim({ endpoint: endpoint.id, now, until, limit: AT_A_TIME });
      await Promise.all(due.map((delivery) => this.attempt(endpoint, delivery)));
      claimed = due.length;
    }
  }

  private async attempt(endpoint: WebhookEndpoint, delivery: ClaimedDelivery): Promise<void> {
    const attempt = await this.sender.send(endpoint, delivery);
    if (this.stopped) return;
    const now = this.clock.date();
    if (attempt.error === null) return this.store.settle(delivery, 'delivered', attempt, now);
    const next = new Date(now.getTime() + pauseAfter(delivery.attempts));
    const over = delivery.attempts >= MOST_ATTEMPTS || next >= delivery.give_up_at || attempt.status === GONE;
    if (!over) return this.store.postpone(delivery, next, attempt);
    await this.store.settle(delivery, 'dead', attempt, now);
    this.tell(endpoint, attempt);
  }

  private tell({ id, tenant }: WebhookEndpoint, { error }: Attempt): void {
    this.events.record('webhook_failed', { tenantId: tenant, kind: id, reason: error ?? undefined });
  }
}

/** Doubles each time, and differs from delivery to delivery, so that a receiver that returns is not met by all at once. */
export function pauseAfter(attempts: number): number {
  const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(attempts - 1, 20));
  return longest / 2 + randomInt(Math.floor(longest / 2) + 1);
}
