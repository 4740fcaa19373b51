import { randomUUID } from 'node:crypto';
import type { EventParty } from '../common/event-log';
import { scrubSecrets } from '../common/scrub-secrets';
import { isUuid } from '../common/uuid';
import type { AuditOutcome } from './audit-outcomes';

export type AuditDetail =
  string | number | boolean | null | readonly AuditDetail[] | { readonly [key: string]: AuditDetail };

/** What happened, as whoever records it says it. */
export interface AuditEntry {
  readonly event: string;
  readonly outcome: AuditOutcome;
  readonly reason?: string | null;
  readonly tenantId?: string | null;
  readonly actor?: EventParty | null;
  readonly target?: EventParty | null;
  readonly userId?: string | null;
  readonly sessionId?: string | null;
  readonly clientId?: string | null;
  readonly ipAddress?: string | null;
  readonly userAgent?: string | null;
  readonly requestId?: string | null;
  /** At most 4 KiB of JSON; more is left out, and `truncated` says so. */
  readonly details?: { readonly [key: string]: AuditDetail | undefined };
}

/** An event as it is kept: bounded, without control over whoever reads it, and without anything shaped like a secret. */
export interface AuditRow {
  readonly id: string;
  readonly occurredAt: Date;
  readonly event: string;
  readonly outcome: AuditOutcome;
  readonly reason: string | null;
  readonly tenantId: string | null;
  readonly actorKind: string | null;
  readonly actorId: string | null;
  readonly targetKind: string | null;
  readonly targetId: string | null;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly clientId: string | null;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly details: { readonly [key: string]: AuditDetail };
}

const LONGEST_TEXT = 512;
const LONGEST_ID = 128;
const LONGEST_DETAILS = 4_096;
/** NUL, and halves of surrogate pairs. */
const UNKEEPABLE = /[\p{Surrogate}\0]/gu;

export function rowOf(entry: AuditEntry, occurredAt: Date): AuditRow {
  return {
    id: randomUUID(),
    occurredAt,
    event: text(entry.event, LONGEST_ID) ?? '',
    outcome: entry.outcome,
    reason: text(entry.reason),
    tenantId: uuid(entry.tenantId),
    actorKind: text(entry.actor?.kind, LONGEST_ID),
    actorId: text(entry.actor?.id, LONGEST_ID),
    targetKind: text(entry.target?.kind, LONGEST_ID),
    targetId: text(entry.target?.id, LONGEST_ID),
    userId: uuid(entry.userId),
    sessionId: uuid(entry.sessionId),
    clientId: text(entry.clientId, LONGEST_ID),
    ipAddress: text(entry.ipAddress, LONGEST_ID),
    userAgent: text(entry.userAgent),
    requestId: text(entry.requestId, LONGEST_ID),
    details: detailsOf(entry.details),
  };
}

/** PostgreSQL takes no NUL and no half of a surrogate pair; both would change on the way and break the row's HMAC. */
function text(value: string | null | undefined, longest = LONGEST_TEXT): string | null {
  if (value == null) return null;
  // Scrubbed before it is cut, or the cut could hide the shape of a secret.
  const clean = scrubSecrets(value.slice(0, 16 * LONGEST_TEXT));
  return clean.slice(0, longest).replace(UNKEEPABLE, '\ufffd');
}

function uuid(value: string | null | undefined): string | null {
  return value != null && isUuid(value) ? value.toLowerCase() : null;
}

function detailsOf(details: AuditEntry['details'] = {}): AuditRow['details'] {
  const clean = scrubbed(details) as AuditRow['details'];
  return Buffer.byteLength(JSON.stringify(clean)) <= LONGEST_DETAILS ? clean : { truncated: true };
}

function scrubbed(value: AuditDetail | AuditEntry['details']): AuditDetail {
  if (typeof value === 'string') return text(value) ?? '';
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map((item: AuditDetail) => scrubbed(item));
  if (typeof value !== 'object' || value === null) return value ?? null;
  const given = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(given.map(([key, item]) => [text(key, LONGEST_ID) ?? '', scrubbed(item as AuditDetail)]));
}
