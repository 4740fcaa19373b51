import { Injectable } from '@nestjs/common';
import { isUuid } from '../common/uuid';
import { Database, type Statement } from '../database/database';
import type { AuditRow } from './audit-entry';
import { AUDIT_COLUMNS, auditRow, type AuditRecord } from './audit-record';

/** One tenant's events, or every event there is. No default: nobody sees everything by forgetting a filter. */
export type AuditScope = { readonly tenantId: string } | 'platform';

/** All that is given must hold. */
export interface AuditFilter {
  readonly events?: readonly string[];
  readonly outcome?: string;
  readonly actorId?: string;
  readonly targetId?: string;
  readonly userId?: string;
  readonly requestId?: string;
  /** Included. */
  readonly from?: Date;
  /** Excluded. */
  readonly to?: Date;
}

export interface AuditPageRequest {
  /** `next` of the page before. */
  readonly cursor?: string | null;
  readonly limit: number;
  /** Default: newest first. */
  readonly oldestFirst?: boolean;
}

export interface AuditPage {
  readonly events: AuditRow[];
  /** Null: there is nothing more. */
  readonly next: string | null;
}

const WHERE = `
  ($1::uuid IS NULL OR tenant_id = $1) AND ($2::text[] IS NULL OR event = ANY ($2)) AND ($3::text IS NULL OR outcome = $3)
  AND ($4::text IS NULL OR actor_id = $4) AND ($5::text IS NULL OR target_id = $5) AND ($6::uuid IS NULL OR user_id = $6)
  AND ($7::text IS NULL OR request_id = $7) AND occurred_at >= $8 AND occurred_at < $9`;

const NEWEST_FIRST: Statement = {
  name: 'audit_newest_first',
  text: `SELECT ${AUDIT_COLUMNS} FROM audit_events WHERE ${WHERE}
            AND ($10::timestamptz IS NULL OR (occurred_at, id) < ($10, $11::uuid))
          ORDER BY occurred_at DESC, id DESC LIMIT $12`,
};

const OLDEST_FIRST: Statement = {
  name: 'audit_oldest_first',
  text: `SELECT ${AUDIT_COLUMNS} FROM audit_events WHERE ${WHERE}
            AND ($10::timestamptz IS NULL OR (occurred_at, id) > ($10, $11::uuid))
          ORDER BY occurred_at, id LIMIT $12`,
};

const EVER = { from: new Date(0), to: new Date(Date.UTC(9999, 0)) };

/** Pages of the audit trail. */
@Injectable()
export class AuditReader {
  constructor(private readonly database: Database) {}

  /** Null when the cursor is none that a page gave. */
  async page(scope: AuditScope, filter: AuditFilter, request: AuditPageRequest): Promise<AuditPage | null> {
    const place = readCursor(request.cursor);
    if (!place || (filter.userId !== undefined && !isUuid(filter.userId))) return place && { events: [], next: null };
    const { oldestFirst = false, limit } = request;
    const values = [...valuesOf(scope, filter), place.at, place.id, limit];
    const found = await this.database.rows<AuditRecord>(oldestFirst ? OLDEST_FIRST : NEWEST_FIRST, values);
    const events = found.map(auditRow);
    const last = events.at(-1);
    return { events, next: last && events.length === limit ? cursorOf(last) : null };
  }
}

function valuesOf(scope: AuditScope, filter: AuditFilter): unknown[] {
  const { events, outcome, actorId, targetId, userId, requestId, from = EVER.from, to = EVER.to } = filter;
  const tenantId = scope === 'platform' ? null : scope.tenantId;
  return [tenantId, events, outcome, actorId, targetId, userId, requestId, from, to].map((value) => value ?? null);
}

function cursorOf({ occurredAt, id }: AuditRow): string {
  return Buffer.from(`${occurredAt.getTime()} ${id}`).toString('base64url');
}

function readCursor(cursor: string | null | undefined): { at: Date | null; id: string | null } | null {
  if (cursor == null) return { at: null, id: null };
  const [time = '', id = '', rest] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (!/^\d{1,14}$/.test(time) || !isUuid(id) || rest !== undefined) return null;
  return { at: new Date(Number(time)), id };
}
