import type { SecurityEvent } from '../common/event-log';

export type AuditOutcome = 'success' | 'failure' | 'denied';

/** What became of it, for each event that is kept. `operational`: about the machinery, for the log alone. */
export const AUDIT_OUTCOMES: Readonly<Record<SecurityEvent, AuditOutcome | 'operational'>> = {
  login_succeeded: 'success',
  login_failed: 'failure',
  federated_login_failed: 'failure',
  identity_linked: 'success',
  identity_unlinked: 'success',
  login_refreshed: 'success',
  refresh_refused: 'denied',
  refresh_replayed: 'success',
  refresh_reused: 'denied',
  logged_out: 'success',
  // The row of the login itself names its session.
  session_created: 'operational',
  session_revoked: 'success',
  account_locked: 'denied',
  account_unlocked: 'success',
  mfa_challenged: 'success',
  mfa_failed: 'failure',
  factor_changed: 'success',
  recovery_code_used: 'success',
  passkey_refused: 'failure',
  stepped_up: 'success',
  device_remembered: 'success',
  device_forgotten: 'success',
  password_hashed: 'operational',
  password_refused: 'failure',
  breach_check_failed: 'operational',
  user_registered: 'success',
  user_changed: 'success',
  users_imported: 'success',
  client_changed: 'success',
  client_refused: 'denied',
  admin_changed: 'success',
  cross_user_attempt: 'denied',
  cross_tenant_attempt: 'denied',
  client_token_issued: 'success',
  oauth_client_changed: 'success',
  token_revoked_by_client: 'success',
  signing_key_published: 'success',
  signing_key_retired: 'success',
  // Who was sent what is told by the event that caused it.
  mail_sent: 'operational',
  mail_deferred: 'operational',
  mail_failed: 'operational',
  cleanup_finished: 'operational',
  // One line for many refusals of strangers: the log and the metrics have them.
  rate_limited: 'operational',
  limiter_degraded: 'operational',
  feed_lost: 'operational',
  feed_restored: 'operational',
  redis_lost: 'operational',
  redis_refused: 'operational',
  redis_restored: 'operational',
  audit_events_lost: 'failure',
  audit_tampered: 'failure',
  // Were it kept, a receiver that is gone would be told of its own absence for ever.
  webhook_failed: 'operational',
};

/** Names of the events that are kept. */
export const AUDITED_EVENTS: readonly string[] = Object.entries(AUDIT_OUTCOMES)
  .filter(([, outcome]) => outcome !== 'operational')
  .map(([event]) => event);
