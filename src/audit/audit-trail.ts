import { requestContext } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import type { Queryable } from '../database/database';
import { rowOf, type AuditEntry } from './audit-entry';
import { AuditStore } from './audit.store';
import { WebhookEndpoints } from './webhook-endpoints';

/** Entries that must not be missing: they are a part of the transaction of the change that they tell of. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly store: AuditStore,
    private readonly endpoints: WebhookEndpoints,
    private readonly clock: Clock,
  ) {}

  /** Kept when `tx` commits, and only then; answers the id of the entry. The request's id is added by itself. */
  async write(tx: Queryable, entry: AuditEntry): Promise<string> {
    const now = this.clock.date();
    const row = rowOf({ ...entry, requestId: entry.requestId ?? requestContext.getStore()?.requestId }, now);
    await this.store.write(tx, [row], this.endpoints.deliveriesOf([row]), now);
    return row.id;
  }
}
