import type { RequestContext } from '@latchkey/nest';
import type { EventFacts, EventParty, SecurityEvent } from '../common/event-log';
import type { AuditEntry } from './audit-entry';
import type { AuditOutcome } from './audit-outcomes';

/** Injection token of who acts in this process when neither the event nor its request says so. */
export const AUDIT_ACTOR = Symbol('AUDIT_ACTOR');

export type AuditActor = EventParty | null;

export interface Happening {
  readonly event: SecurityEvent;
  readonly facts: EventFacts;
  readonly outcome: AuditOutcome;
}

/** The entry of an event: who acted is whom the event names, else who proved themselves, else the user of the event. */
export function entryOf(
  { event, facts, outcome }: Happening,
  operator: AuditActor,
  request?: RequestContext,
): AuditEntry {
  const { kind, algorithm, keyId, purpose, durationMs, queuedMs, upgraded, count } = facts;
  return {
    ...facts,
    event,
    outcome,
    actor: facts.actor ?? proven(request) ?? operator ?? party(facts),
    target: facts.target ?? party(facts) ?? place(facts),
    requestId: facts.requestId ?? request?.requestId,
    details: {
      kind,
      algorithm,
      key_id: keyId,
      purpose,
      duration_ms: durationMs,
      queued_ms: queuedMs,
      upgraded,
      count,
    },
  };
}

function proven(request?: RequestContext): EventParty | null {
  const principal = request?.auth?.principal;
  return principal ? { kind: principal.kind, id: principal.userId } : null;
}

function party({ userId, clientId }: EventFacts): EventParty | null {
  if (userId !== undefined) return { kind: 'user', id: userId };
  return clientId === undefined ? null : { kind: 'client', id: clientId };
}

function place({ sessionId, keyId, tenantId }: EventFacts): EventParty | null {
  if (sessionId !== undefined) return { kind: 'session', id: sessionId };
  if (keyId !== undefined) return { kind: 'key', id: keyId };
  return tenantId === undefined ? null : { kind: 'tenant', id: tenantId };
}
