import { Inject, Injectable } from '@nestjs/common';
import { sha256 } from '../common/digest';
import type { AuditConfig, Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import type { AuditRow } from './audit-entry';
import { eventFacts } from './audit-event';

/** A receiver as configured, and the name it has in the database. */
export type WebhookEndpoint = AuditConfig['webhooks'][number] & { readonly id: string };

/** What a receiver is to be told. */
export interface NewDelivery {
  readonly eventId: string;
  readonly endpoint: string;
  readonly tenantId: string | null;
  readonly event: string;
  readonly body: string;
}

/** The configured receivers, and who of them is told of what. */
@Injectable()
export class WebhookEndpoints {
  readonly all: readonly WebhookEndpoint[];

  constructor(@Inject(CONFIG) { audit }: Pick<Config, 'audit'>) {
    this.all = audit.webhooks.map((webhook) => ({ ...webhook, id: endpointId(webhook.url, webhook.tenant) }));
  }

  find(id: string): WebhookEndpoint | null {
    return this.all.find((endpoint) => endpoint.id === id) ?? null;
  }

  deliveriesOf(rows: readonly AuditRow[]): NewDelivery[] {
    if (this.all.length === 0) return [];
    return rows.flatMap((row) =>
      this.all.filter((endpoint) => wants(endpoint, row)).map(({ id }) => delivery(row, id)),
    );
  }
}

/** A tenant's receiver is told of that tenant's events alone: what has no tenant is nobody's but the platform's. */
function wants({ events, tenant }: WebhookEndpoint, row: AuditRow): boolean {
  if (tenant !== undefined && tenant.toLowerCase() !== row.tenantId) return false;
  return events.includes('*') || events.includes(row.event);
}

function delivery(row: AuditRow, endpoint: string): NewDelivery {
  const facts = eventFacts(row);
  const body = JSON.stringify({ type: row.event, timestamp: facts.occurred_at, data: facts });
  return { eventId: row.id, endpoint, tenantId: row.tenantId, event: row.event, body };
}

function endpointId(url: string, tenant = ''): string {
  return sha256(`${url}\n${tenant.toLowerCase()}`).toString('hex').slice(0, 16);
}
