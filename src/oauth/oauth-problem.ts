import type { AuthError, AuthErrorCode, ProblemExtension } from '@latchkey/nest';

interface RoutedRequest {
  readonly headers?: { readonly accept?: string };
  readonly routeOptions?: { readonly config?: { readonly oauth?: boolean } };
}

/** `error` of RFC 6749, section 5.2, and RFC 7009, section 2.2.1. Whatever is not here is the request's own fault. */
const OAUTH_ERROR: Partial<Record<AuthErrorCode, string>> = {
  invalid_client: 'invalid_client',
  invalid_scope: 'invalid_scope',
  unsupported_grant_type: 'unsupported_grant_type',
  unsupported_in_mode: 'unsupported_token_type',
  rate_limited: 'temporarily_unavailable',
  unavailable: 'temporarily_unavailable',
  overloaded: 'temporarily_unavailable',
  internal_error: 'server_error',
};

/**
 * On routes for clients a problem document also says what OAuth libraries look for. One that asks for `application/json`
 * and does not know problem documents is told that it gets what it asked for.
 */
export function oauthProblem(error: AuthError, request: unknown): ProblemExtension | null {
  const { routeOptions, headers } = request as RoutedRequest;
  if (!routeOptions?.config?.oauth) return null;
  const members = { error: OAUTH_ERROR[error.code] ?? 'invalid_request', error_description: error.message };
  const accept = headers?.accept ?? '';
  const knowsJsonAlone = /application\/json/i.test(accept) && !/problem\+json/i.test(accept);
  return { members, ...(knowsJsonAlone && { mediaType: 'application/json' }) };
}
