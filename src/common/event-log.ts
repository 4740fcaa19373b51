import type { Logger } from './logger';

/** Security events, one line each. Names are stable: operators alert on them. */
export type SecurityEvent =
  | 'login_succeeded'
  | 'login_failed'
  | 'federated_login_failed'
  | 'identity_linked'
  | 'identity_unlinked'
  | 'login_refreshed'
  | 'refresh_refused'
  | 'refresh_replayed'
  | 'refresh_reused'
  | 'logged_out'
  | 'session_created'
  | 'session_revoked'
  | 'account_locked'
  | 'account_unlocked'
  | 'mfa_challenged'
  | 'mfa_failed'
  | 'factor_changed'
  | 'recovery_code_used'
  | 'passkey_refused'
  | 'stepped_up'
  | 'device_remembered'
  | 'device_forgotten'
  | 'password_hashed'
  | 'password_refused'
  | 'breach_check_failed'
  | 'user_registered'
  | 'user_changed'
  | 'users_imported'
  | 'admin_changed'
  | 'cross_tenant_attempt'
  | 'client_changed'
  | 'client_refused'
  | 'cross_user_attempt'
  | 'client_token_issued'
  | 'oauth_client_changed'
  | 'token_revoked_by_client'
  | 'signing_key_published'
  | 'signing_key_retired'
  | 'mail_sent'
  | 'mail_deferred'
  | 'mail_failed'
  | 'cleanup_finished'
  | 'rate_limited'
  | 'limiter_degraded'
  | 'feed_lost'
  | 'feed_restored'
  | 'redis_lost'
  | 'redis_refused'
  | 'redis_restored'
  | 'audit_events_lost'
  | 'audit_tampered'
  | 'webhook_failed';

/** Who did it, or to whom it was done, where that is not the user of the event. */
export interface EventParty {
  readonly kind:
    | 'user'
    | 'client'
    | 'tenant'
    | 'session'
    | 'device'
    | 'identity'
    | 'passkey'
    | 'invitation'
    | 'key'
    | 'operator'
    | 'system';
  readonly id?: string;
}

/** The only facts an event may carry, so that a secret has no place to go. */
export interface EventFacts {
  tenantId?: string;
  userId?: string;
  /** Of a program, never of a browser. */
  clientId?: string;
  sessionId?: string;
  ipAddress?: string | null;
  userAgent?: string | null;
  /** Default: the user of the event. */
  actor?: EventParty;
  /** Default: the user of the event. */
  target?: EventParty;
  /** Where the event belongs to a request without a context; else the logger adds it. */
  requestId?: string;
  reason?: string;
  kind?: string;
  algorithm?: string;
  keyId?: string;
  purpose?: 'verify' | 'store' | 'upgrade';
  /** When the login began that the event ends. */
  since?: Date;
  durationMs?: number;
  queuedMs?: number;
  upgraded?: boolean;
  count?: number;
}

/** Events that somebody should look at. */
const WARNINGS: ReadonlySet<SecurityEvent> = new Set([
  'account_locked',
  'cross_user_attempt',
  'mail_failed',
  'cross_tenant_attempt',
  'refresh_reused',
  'limiter_degraded',
  'breach_check_failed',
  'feed_lost',
  'redis_lost',
  'redis_refused',
  'audit_events_lost',
  'audit_tampered',
  'webhook_failed',
]);

/** Told of every security event as it happens, on the path of the request: it must only take note. */
export type EventSink = (event: SecurityEvent, facts: EventFacts) => void;

/** Writes security events to the structured log, and tells whoever else keeps or counts them. */
export class EventLog {
  private readonly sinks: EventSink[] = [];

  constructor(private readonly logger: Logger) {}

  /** For the life of the process. What a sink throws is logged and dropped. */
  subscribe(sink: EventSink): void {
    this.sinks.push(sink);
  }

  record(event: SecurityEvent, facts: EventFacts = {}): void {
    this.write(event, facts);
    for (const sink of this.sinks) this.tell(sink, event, facts);
  }

  private tell(sink: EventSink, event: SecurityEvent, facts: EventFacts): void {
    try {
      sink(event, facts);
    } catch (error) {
      this.logger.error({ err: error, event }, 'a security event was not taken note of');
    }
  }

  private write(event: SecurityEvent, facts: EventFacts): void {
    this.logger[WARNINGS.has(event) ? 'warn' : 'info'](
      {
        event,
        tenant_id: facts.tenantId,
        user_id: facts.userId,
        client_id: facts.clientId,
        session_id: facts.sessionId,
        ip_address: facts.ipAddress ?? undefined,
        actor_kind: facts.actor?.kind,
        actor_id: facts.actor?.id,
        target_kind: facts.target?.kind,
        target_id: facts.target?.id,
        // An undefined one would win over the logger's own.
        ...(facts.requestId !== undefined && { request_id: facts.requestId }),
        reason: facts.reason,
        kind: facts.kind,
        algorithm: facts.algorithm,
        key_id: facts.keyId,
        purpose: facts.purpose,
        since: facts.since,
        duration_ms: facts.durationMs,
        queued_ms: facts.queuedMs,
        upgraded: facts.upgraded,
        count: facts.count,
      },
      event,
    );
  }
}
