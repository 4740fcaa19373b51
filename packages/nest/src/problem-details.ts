import { AuthError, AUTH_ERROR_STATUS, type AuthErrorCode, type FieldError } from './auth-error';

/** An RFC 9457 problem document. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: AuthErrorCode;
  request_id?: string;
  retry_after?: number;
  errors?: FieldError[];
}

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const OF_FRAMEWORK: Record<number, [AuthErrorCode, string]> = {
  404: ['not_found', 'There is nothing here'],
  405: ['method_not_allowed', 'This method is not offered here'],
  408: ['validation_failed', 'The request did not arrive in time'],
  413: ['payload_too_large', 'The request body is too large'],
  415: ['unsupported_media_type', 'A body of this type is not taken here'],
  429: ['rate_limited', 'Too many requests'],
  503: ['unavailable', 'The service is not available right now'],
};

/** The answer for anything that was thrown. What was not thrown on purpose says nothing about itself. */
export function asAuthError(thrown: unknown): AuthError {
  if (thrown instanceof AuthError) return thrown;
  const status = statusOf(thrown);
  const known = OF_FRAMEWORK[status];
  if (known) return new AuthError(known[0], known[1], { cause: thrown });
  if (status >= 400 && status < 500) {
    return new AuthError('validation_failed', 'The request could not be understood', { cause: thrown });
  }
  return new AuthError('internal_error', 'Something went wrong on our side', { cause: thrown });
}

function statusOf(thrown: unknown): number {
  if (typeof thrown !== 'object' || thrown === null) return 500;
  const { status, statusCode } = thrown as { status?: unknown; statusCode?: unknown };
  const named = status ?? statusCode;
  return typeof named === 'number' ? named : 500;
}

/** `typeBase` + code is the problem's type, a URI; `requestId` lets an operator find the log lines. */
export function problemDetails(error: AuthError, typeBase: string, requestId?: string): ProblemDetails {
  return {
    ...error.extensions,
    type: `${typeBase}${error.code}`,
    title: TITLES[error.status] ?? 'Error',
    status: error.status,
    detail: error.message,
    code: error.code,
    ...(requestId !== undefined && { request_id: requestId }),
    ...(error.retryAfter !== undefined && { retry_after: error.retryAfter }),
    ...(error.errors && { errors: error.errors }),
  };
}

const ABOUT_THE_TOKEN: ReadonlySet<AuthErrorCode> = new Set(['invalid_token', 'token_expired', 'token_revoked']);

/** Header fields that go with an error: `WWW-Authenticate` (RFC 6750, section 3) and `Retry-After`. */
export function problemHeaders(error: AuthError): Record<string, string> {
  const headers: Record<string, string> = {};
  if (error.status === AUTH_ERROR_STATUS.missing_token) headers['WWW-Authenticate'] = challenge(error);
  if (error.code === 'insufficient_role') {
    headers['WWW-Authenticate'] = `Bearer error="insufficient_scope", error_description="${error.code}"`;
  }
  if (error.code === 'insufficient_assurance') headers['WWW-Authenticate'] = stepUpChallenge(error);
  if (error.retryAfter !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(error.retryAfter)));
  return headers;
}

/** RFC 9470, section 3: what a client must have proven anew. */
function stepUpChallenge({ extensions }: AuthError): string {
  const wanted = ['acr_values', 'max_age'].filter((name) => extensions?.[name] !== undefined);
  const parameters = wanted.map((name) => `, ${name}="${String(extensions?.[name])}"`).join('');
  return `Bearer error="insufficient_user_authentication"${parameters}`;
}

function challenge(error: AuthError): string {
  if (error.code === 'invalid_client') return 'Basic realm="latchkey", charset="UTF-8"';
  // RFC 6750, section 3.1: a request without a token is told the scheme and nothing else.
  if (!ABOUT_THE_TOKEN.has(error.code)) return 'Bearer';
  return `Bearer error="invalid_token", error_description="${error.code}"`;
}
