/** Every stable error code of the contract and the HTTP status it answers with. One page per code stands in `docs/errors/`. */
export const AUTH_ERROR_STATUS = {
  validation_failed: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  missing_token: 401,
  token_expired: 401,
  invalid_token: 401,
  token_revoked: 401,
  invalid_credentials: 401,
  mfa_required: 401,
  invalid_mfa_code: 401,
  federated_login_failed: 401,
  invalid_grant: 401,
  invalid_client: 401,
  refresh_token_reused: 401,
  insufficient_role: 403,
  insufficient_assurance: 403,
  tenant_mismatch: 403,
  account_disabled: 403,
  account_not_linked: 403,
  email_not_verified: 403,
  csrf_failed: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  email_taken: 409,
  unsupported_in_mode: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  weak_password: 422,
  rate_limited: 429,
  account_locked: 429,
  internal_error: 500,
  unavailable: 503,
  overloaded: 503,
} as const;

export type AuthErrorCode = keyof typeof AUTH_ERROR_STATUS;

/** One rejected part of a request: `pointer` is an RFC 6901 JSON pointer into the body, or the name of a parameter. */
export interface FieldError {
  pointer: string;
  message: string;
}

export interface AuthErrorOptions {
  /** For the log alone; never part of an answer. */
  detail?: string;
  cause?: unknown;
  /** Seconds after which trying again makes sense; sent as `Retry-After` and `retry_after`. */
  retryAfter?: number;
  errors?: FieldError[];
  /** Further members of the problem document, in the wire's snake_case; public like the message. */
  extensions?: Readonly<Record<string, unknown>>;
}

/**
 * The one error that Latchkey throws on purpose. `message` is public and becomes the problem document's `detail`;
 * `detail` goes to the log alone.
 */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly status: number;
  readonly detail?: string;
  readonly retryAfter?: number;
  readonly errors?: FieldError[];
  readonly extensions?: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: AuthErrorCode,
    message: string,
    options: AuthErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.status = AUTH_ERROR_STATUS[code];
    this.detail = options.detail;
    this.retryAfter = options.retryAfter;
    this.errors = options.errors;
    this.extensions = options.extensions;
  }
}
