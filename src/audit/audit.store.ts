import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import type { Queryable, Statement } from '../database/database';
import type { AuditRow } from './audit-entry';
import { AuditKeys, canonical, canonicalTime } from './audit-keys';
import type { NewDelivery } from './webhook-endpoints';

// However many there are, one statement. Said twice after a COMMIT whose answer was lost, they are kept once.
const INSERT: Statement = {
  name: 'audit_insert',
  text: `INSERT INTO audit_events (id, occurred_at, event, outcome, reason, tenant_id, actor_kind, actor_id, target_kind,
                                   target_id, user_id, session_id, client_id, ip_address, user_agent, request_id, details,
                                   key_id, mac, era)
         SELECT r.id, r.occurred_at, r.event, r.outcome, r.reason, r.tenant_id, r.actor_kind, r.actor_id, r.target_kind,
                r.target_id, r.user_id, r.session_id, r.client_id, r.ip_address, r.user_agent, r.request_id, r.details,
                $2, decode(r.mac, 'base64'), (SELECT max(era) FROM audit_eras)
           FROM jsonb_to_recordset($1::jsonb) AS r (
                id uuid, occurred_at timestamptz, event text, outcome text, reason text, tenant_id uuid, actor_kind text,
                actor_id text, target_kind text, target_id text, user_id uuid, session_id uuid, client_id text,
                ip_address text, user_agent text, request_id text, details jsonb, mac text)
         ON CONFLICT (occurred_at, id) DO NOTHING`,
};

const DELIVER: Statement = {
  name: 'audit_deliver',
  text: `INSERT INTO webhook_deliveries (event_id, endpoint, tenant_id, event, body, created_at, next_attempt_at, give_up_at)
         SELECT d.event_id, d.endpoint, d.tenant_id, d.event, d.body, $2::timestamptz, $2::timestamptz, $3::timestamptz
           FROM jsonb_to_recordset($1::jsonb) AS d (event_id uuid, endpoint text, tenant_id uuid, event text, body text)
         ON CONFLICT (event_id, endpoint) DO NOTHING`,
};

// A server whose transactions have not come as far as the chain is another one: a dump was restored.
const BEGIN_ERA: Statement = {
  name: 'audit_begin_era',
  text: `INSERT INTO audit_eras (era, began_at)
         SELECT e.era + 1, $1
           FROM (SELECT max(era) AS era FROM audit_eras) e
          WHERE (SELECT to_transaction FROM audit_seals s WHERE s.era = e.era ORDER BY to_transaction DESC LIMIT 1)
                > pg_snapshot_xmax(pg_current_snapshot())
         ON CONFLICT (era) DO NOTHING`,
};

const DAY = 86_400_000;

/** Adds to the audit trail; nothing here changes or removes. */
@Injectable()
export class AuditStore {
  constructor(
    private readonly database: BackgroundDatabase,
    private readonly keys: AuditKeys,
  ) {}

  /** All or nothing, with what webhooks will send of them. Rows that are there already are left as they are. */
  async append(rows: readonly AuditRow[], deliveries: readonly NewDelivery[], now: Date): Promise<void> {
    if (deliveries.length === 0) return this.write(this.database, rows, deliveries, now);
    await this.database.transaction((tx) => this.write(tx, rows, deliveries, now));
  }

  /** The same as a part of somebody's transaction. */
  async write(tx: Queryable, rows: readonly AuditRow[], deliveries: readonly NewDelivery[], now: Date): Promise<void> {
    await tx.rows(INSERT, [JSON.stringify(rows.map((row) => this.columns(row))), this.keys.currentId]);
    if (deliveries.length === 0) return;
    await tx.rows(DELIVER, [JSON.stringify(deliveries.map(deliveryColumns)), now, new Date(now.getTime() + DAY)]);
  }

  async beginEra(now: Date): Promise<void> {
    await this.database.rows(BEGIN_ERA, [now]);
  }

  private columns(row: AuditRow): object {
    const proven = canonical({ ...row, occurredAt: canonicalTime(row.occurredAt) });
    return {
      id: row.id,
      occurred_at: row.occurredAt.toISOString(),
      event: row.event,
      outcome: row.outcome,
      reason: row.reason,
      tenant_id: row.tenantId,
      actor_kind: row.actorKind,
      actor_id: row.actorId,
      target_kind: row.targetKind,
      target_id: row.targetId,
      user_id: row.userId,
      session_id: row.sessionId,
      client_id: row.clientId,
      ip_address: row.ipAddress,
      user_agent: row.userAgent,
      request_id: row.requestId,
      details: row.details,
      mac: this.keys.prove('row', proven).toString('base64'),
    };
  }
}

function deliveryColumns({ eventId, endpoint, tenantId, event, body }: NewDelivery): object {
  return { event_id: eventId, endpoint, tenant_id: tenantId, event, body };
}
