import type { AuditDetail, AuditRow } from './audit-entry';
import type { AuditOutcome } from './audit-outcomes';

export const AUDIT_COLUMNS =
  'id, occurred_at, event, outcome, reason, tenant_id, actor_kind, actor_id, target_kind, target_id, user_id, session_id, ' +
  'client_id, ip_address, user_agent, request_id, details';

/** A row as the database gives it. */
export interface AuditRecord {
  readonly id: string;
  readonly occurred_at: Date;
  readonly event: string;
  readonly outcome: AuditOutcome;
  readonly reason: string | null;
  readonly tenant_id: string | null;
  readonly actor_kind: string | null;
  readonly actor_id: string | null;
  readonly target_kind: string | null;
  readonly target_id: string | null;
  readonly user_id: string | null;
  readonly session_id: string | null;
  readonly client_id: string | null;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
  readonly details: { readonly [key: string]: AuditDetail };
}

export function auditRow(record: AuditRecord): AuditRow {
  return {
    id: record.id,
    occurredAt: record.occurred_at,
    event: record.event,
    outcome: record.outcome,
    reason: record.reason,
    tenantId: record.tenant_id,
    actorKind: record.actor_kind,
    actorId: record.actor_id,
    targetKind: record.target_kind,
    targetId: record.target_id,
    userId: record.user_id,
    sessionId: record.session_id,
    clientId: record.client_id,
    ipAddress: record.ip_address,
    userAgent: record.user_agent,
    requestId: record.request_id,
    details: record.details,
  };
}
