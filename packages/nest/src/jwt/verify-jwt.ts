import { AuthError } from '../auth-error';
import type { CompactJwt } from './compact-jwt';
import type { JwtKey } from './jwt-key';
import { hasSignatureOf } from './jwt-signature';

/** What a token must say beside its signature. Times in milliseconds. */
export interface JwtExpectations {
  /** `typ` values that are taken, each exact; null stands for a header without `typ` (RFC 8725, 3.11). */
  readonly types: readonly (string | null)[];
  /** `iss`, exact. */
  readonly issuer: string;
  /** Must be the `aud`, or in it when that is a list. */
  readonly audience: string;
  /** The time that the token is judged at. */
  readonly now: number;
  /** Difference between clocks that is forgiven. */
  readonly leeway: number;
  /** The same for `exp` alone; `leeway` when not given. */
  readonly expiryLeeway?: number;
  /** Claims that must be there. Default: `sub`, `exp`, `iat`; `iss` and `aud` always are. */
  readonly required?: readonly string[];
}

/** Claims that were verified. */
export type VerifiedClaims = Readonly<Record<string, unknown>> & {
  readonly iss: string;
  readonly sub?: string;
  readonly aud: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
};

const REQUIRED = ['sub', 'exp', 'iat'];
const TIMES = ['exp', 'nbf', 'iat'];
const TEXTS = ['sub', 'jti'];
/** Seconds; the last moment that a Date can hold. */
const LATEST = 8.64e12;

/**
 * Checks signature, type, issuer, audience and lifetime with the algorithm of the key, whatever the token says
 * (RFC 7519, 7.2; RFC 8725, 3). No I/O, no promise.
 * @throws AuthError `token_expired` when all is right but the time; `invalid_token` for everything else.
 */
export function verifyJwt(jwt: CompactJwt, key: JwtKey, expected: JwtExpectations): VerifiedClaims {
  const wrong =
    wrongHeader(jwt, expected) ??
    (hasSignatureOf(jwt, key) ? null : 'signature') ??
    wrongShape(jwt.claims, expected) ??
    wrongAddress(jwt.claims, expected) ??
    notYet(jwt.claims, expected);
  if (wrong) throw new AuthError('invalid_token', 'The token is not valid', { detail: wrong });
  const claims = jwt.claims as VerifiedClaims;
  const { now, leeway, expiryLeeway = leeway } = expected;
  if (claims.exp !== undefined && now >= claims.exp * 1000 + expiryLeeway) {
    throw new AuthError('token_expired', 'The token has expired');
  }
  return claims;
}

function wrongHeader({ header }: CompactJwt, { types }: JwtExpectations): string | null {
  return types.includes(header.typ) ? null : 'typ';
}

function wrongShape(claims: CompactJwt['claims'], { required = REQUIRED }: JwtExpectations): string | null {
  return (
    required.find((name) => claims[name] === undefined || claims[name] === null) ??
    TIMES.find((name) => name in claims && !isTime(claims[name])) ??
    TEXTS.find((name) => name in claims && !isText(claims[name])) ??
    null
  );
}

function wrongAddress({ iss, aud }: CompactJwt['claims'], { issuer, audience }: JwtExpectations): string | null {
  if (iss !== issuer) return 'iss';
  if (aud === audience) return null;
  return Array.isArray(aud) && aud.every(isText) && aud.includes(audience) ? null : 'aud';
}

/** A token from the future is one whose issuer's clock, or good faith, cannot be relied on. */
function notYet({ nbf, iat }: CompactJwt['claims'], { now, leeway }: JwtExpectations): string | null {
  if (typeof nbf === 'number' && nbf * 1000 > now + leeway) return 'nbf';
  return typeof iat === 'number' && iat * 1000 > now + leeway ? 'iat' : null;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= LATEST;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
