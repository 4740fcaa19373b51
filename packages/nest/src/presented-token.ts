import { AuthError } from './auth-error';

/** Long enough for any token the service mints, short enough that refusing costs nothing. Characters. */
export const MAX_TOKEN_LENGTH = 8192;

const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/**
 * The access token of an `Authorization: Bearer` header (RFC 6750, section 2.1), or null when none is presented.
 * @throws AuthError `invalid_token` when the scheme is Bearer but what follows is no token.
 */
export function presentedToken(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  // The usual form is cut out without a regular expression: this line runs once per guarded request.
  if (authorization.startsWith('Bearer ') && authorization.length <= MAX_TOKEN_LENGTH) {
    const token = authorization.slice(7);
    if (token.length > 0 && !token.includes(' ')) return token;
  }
  return unusualToken(authorization);
}

function unusualToken(authorization: string): string | null {
  if (!/^Bearer(?: |$)/i.test(authorization)) return null;
  if (/^Bearer *$/i.test(authorization)) return null;
  const token = authorization.length > MAX_TOKEN_LENGTH ? undefined : BEARER.exec(authorization)?.[1];
  if (token === undefined) throw new AuthError('invalid_token', 'The access token is malformed');
  return token;
}
