import type { AuditDetail, AuditRow } from './audit-entry';

/** An event as clients, files and receivers read it. */
export interface AuditEventFacts {
  readonly id: string;
  readonly occurred_at: string;
  readonly event: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly tenant_id: string | null;
  readonly actor: { readonly kind: string; readonly id: string | null } | null;
  readonly target: { readonly kind: string; readonly id: string | null } | null;
  readonly user_id: string | null;
  readonly session_id: string | null;
  readonly client_id: string | null;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly request_id: string | null;
  readonly details: { readonly [key: string]: AuditDetail };
}

export function eventFacts(row: AuditRow): AuditEventFacts {
  return {
    id: row.id,
    occurred_at: row.occurredAt.toISOString(),
    event: row.event,
    outcome: row.outcome,
    reason: row.reason,
    tenant_id: row.tenantId,
    actor: partyOf(row.actorKind, row.actorId),
    target: partyOf(row.targetKind, row.targetId),
    user_id: row.userId,
    session_id: row.sessionId,
    client_id: row.clientId,
    ip_address: row.ipAddress,
    user_agent: row.userAgent,
    request_id: row.requestId,
    details: row.details,
  };
}

function partyOf(kind: string | null, id: string | null): AuditEventFacts['actor'] {
  return kind === null ? null : { kind, id };
}
