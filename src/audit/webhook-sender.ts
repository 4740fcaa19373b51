import { Injectable } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { Clock } from '../common/clock';
import { scrubSecrets } from '../common/scrub-secrets';
import type { Attempt, ClaimedDelivery } from './webhook-delivery.store';
import type { WebhookEndpoint } from './webhook-endpoints';

const TIME_LIMIT = 10_000;
const LONGEST_ERROR = 200;

/** Sends one message as Standard Webhooks says. Its wait is bounded, and no redirect is followed. */
@Injectable()
export class WebhookSender {
  constructor(private readonly clock: Clock) {}

  /** Never throws: whatever goes wrong is in the answer. */
  async send(endpoint: WebhookEndpoint, { event_id, body }: ClaimedDelivery): Promise<Attempt> {
    try {
      const response = await fetch(endpoint.url, {
        method: 'POST',
        headers: this.headers(endpoint, `msg_${event_id}`, body),
        body,
        // A redirect would carry the event to wherever the receiver, or whoever took it over, points.
        redirect: 'manual',
        signal: AbortSignal.timeout(TIME_LIMIT),
      });
      // What it answers is of no interest, and may have no end.
      await response.body?.cancel();
      return { status: response.status, error: response.ok ? null : `answered ${response.status}` };
    } catch (error) {
      return { status: null, error: scrubSecrets(reasonOf(error)).slice(0, LONGEST_ERROR) };
    }
  }

  private headers(endpoint: WebhookEndpoint, id: string, body: string): Record<string, string> {
    const now = this.clock.date();
    return {
      'content-type': 'application/json',
      'user-agent': 'latchkey-webhooks',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(endpoint.secret).sign(id, now, body),
    };
  }
}

/** By code alone: messages of the network name addresses. */
function reasonOf(error: unknown): string {
  const { name, code, cause } = Object(error) as { name?: string; code?: unknown; cause?: { code?: unknown } };
  if (name === 'TimeoutError') return `no answer within ${TIME_LIMIT / 1000} s`;
  return String(cause?.code ?? (typeof code === 'string' ? code : name) ?? 'failed');
}
