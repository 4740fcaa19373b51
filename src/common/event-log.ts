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
  sessionId?: string;
  ipAddress?: string | null;
  reason?: string;
  kind?: string;
  algorithm?: string;
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
        session_id: facts.sessionId,
        ip_address: facts.ipAddress ?? undefined,
        reason: facts.reason,
        kind: facts.kind,
        algorithm: facts.algorithm,
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
