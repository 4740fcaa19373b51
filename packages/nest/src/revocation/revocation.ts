/** What a revocation reaches. The tenant and the user always go with a session id: a bare id revokes nothing. */
export type RevocationTarget =
  | { readonly kind: 'session'; readonly tenantId: string; readonly userId: string; readonly sessionId: string }
  | { readonly kind: 'user'; readonly tenantId: string; readonly userId: string; readonly exceptSessionId?: string }
  | { readonly kind: 'tenant'; readonly tenantId: string }
  | { readonly kind: 'global' };

export type RevocationReason =
  | 'logout'
  | 'revoked_by_user'
  | 'revoked_by_operator'
  | 'refresh_token_reused'
  | 'account_disabled'
  | 'roles_changed'
  | 'password_changed'
  | 'factors_changed'
  | 'session_limit'
  | 'email_changed';

/** One row of the feed. */
export interface Revocation {
  readonly target: RevocationTarget;
  /** Tokens that carry a lower generation are concerned; null for a single session. */
  readonly generation: number | null;
  /** False: the access token must be renewed, the login goes on. */
  readonly endsLogin: boolean;
  readonly reason: RevocationReason;
  /** No access token concerned lives longer. Milliseconds since the epoch. */
  readonly accessExpiresAt: number;
}
