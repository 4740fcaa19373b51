import type { Logger } from './logger';

/** Security events, one line each. Names are stable: operators alert on them. */
export type SecurityEvent =
  | 'login_succeeded'
  | 'login_failed'
  | 'login_refreshed'
  | 'refresh_refused'
  | 'refresh_replayed'
  | 'refresh_reused'
  | 'logged_out'
  | 'session_created'
  | 'session_revoked'
  | 'account_locked'
  | 'account_unlocked'
  | 'password_hashed'
  | 'user_registered'
  | 'user_changed'
  | 'client_changed'
  | 'client_refused'
  | 'client_token_issued'
  | 'oauth_client_changed'
  | 'token_revoked_by_client'
  | 'signing_key_published'
  | 'signing_key_retired'
  | 'cleanup_finished'
  | 'feed_lost'
  | 'feed_restored'
  | 'redis_lost'
  | 'redis_refused'
  | 'redis_restored';

/** The only facts an event may carry, so that a secret has no place to go. */
export interface EventFacts {
  tenantId?: string;
  userId?: string;
  /** Of a program, never of a browser. */
  clientId?: string;
  sessionId?: string;
  ipAddress?: string | null;
  /** Where the event belongs to a request without a context; else the logger adds it. */
  requestId?: string;
  reason?: string;
  kind?: string;
  algorithm?: string;
  keyId?: string;
  purpose?: 'verify' | 'store' | 'upgrade';
  durationMs?: number;
  queuedMs?: number;
  upgraded?: boolean;
  count?: number;
}

/** Events that somebody should look at. */
const WARNINGS: ReadonlySet<SecurityEvent> = new Set([
  'account_locked',
  'refresh_reused',
  'feed_lost',
  'redis_lost',
  'redis_refused',
]);

/** Writes security events to the structured log. */
export class EventLog {
  constructor(private readonly logger: Logger) {}

  record(event: SecurityEvent, facts: EventFacts = {}): void {
    this.logger[WARNINGS.has(event) ? 'warn' : 'info'](
      {
        event,
        tenant_id: facts.tenantId,
        user_id: facts.userId,
        client_id: facts.clientId,
        session_id: facts.sessionId,
        ip_address: facts.ipAddress ?? undefined,
        // An undefined one would win over the logger's own.
        ...(facts.requestId !== undefined && { request_id: facts.requestId }),
        reason: facts.reason,
        kind: facts.kind,
        algorithm: facts.algorithm,
        key_id: facts.keyId,
        purpose: facts.purpose,
        duration_ms: facts.durationMs,
        queued_ms: facts.queuedMs,
        upgraded: facts.upgraded,
        count: facts.count,
      },
      event,
    );
  }
}
