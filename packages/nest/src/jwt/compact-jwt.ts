import { parseStrictJson } from './strict-json';

/** Header of a JWT that may be looked at further. Nothing of it is trusted: it only names the key to check against. */
export interface JwtHeader {
  readonly alg: string;
  /** Null only in a token of a foreign issuer. */
  readonly typ: string | null;
  /** Null only in a token of a foreign issuer. */
  readonly kid: string | null;
}

/** A compact JWS (RFC 7515, 7.1) in its one canonical spelling, taken apart and not yet verified. */
export interface CompactJws {
  readonly header: JwtHeader;
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** What the signature is over: header and payload as they were sent. */
  readonly signingInput: string;
}

/** A compact JWS whose payload is a JSON object. The claims are unproven until `verifyJwt` returned. */
export interface CompactJwt extends CompactJws {
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * How a token must be written. `own`: as Latchkey writes it, with exactly `alg`, `typ` and `kid`. `foreign`: as other
 * issuers do, where `typ` and `kid` may be missing and a certificate thumbprint (`x5t`, `x5t#S256`) is ignored.
 */
export type JwtSpelling = 'own' | 'foreign';

const PARTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const LONGEST = 8192;
const ALLOWED: Readonly<Record<JwtSpelling, ReadonlySet<string>>> = {
  own: new Set(['alg', 'typ', 'kid']),
  foreign: new Set(['alg', 'typ', 'kid', 'x5t', 'x5t#S256']),
};

/** True for anything with the outline of a compact JWS. */
export function looksLikeJwt(token: string): boolean {
  return token.startsWith('eyJ');
}

/**
 * Takes a compact JWT apart; null for anything that is not one in its canonical spelling. Libraries accept more: other
 * spellings of the same token, unknown `crit`, `b64`, embedded keys, names written twice (RFC 8725, 3.1-3.11).
 */
export function readCompactJwt(token: string, spelling: JwtSpelling = 'own'): CompactJwt | null {
  const jws = readCompactJws(token, spelling);
  const claims = jws && parseObject(jws.payload);
  return claims ? { ...jws, claims } : null;
}

/** The same for any payload. */
export function readCompactJws(token: string, spelling: JwtSpelling = 'own'): CompactJws | null {
  if (token.length > LONGEST) return null;
  const parts = PARTS.exec(token);
  if (!parts) return null;
  const bytes = parts.slice(1).map(canonicalBytes);
  const [head, payload, signature] = bytes;
  if (!head || !payload || !signature) return null;
  const header = headerOf(parseObject(head), spelling);
  return header && { header, payload, signature, signingInput: token.slice(0, token.lastIndexOf('.')) };
}

/** Null when another text stands for the same bytes. */
function canonicalBytes(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : null;
}

function headerOf(parameters: Record<string, unknown> | null, spelling: JwtSpelling): JwtHeader | null {
  if (!parameters || Object.keys(parameters).some((name) => !ALLOWED[spelling].has(name))) return null;
  const absent = spelling === 'foreign' ? null : undefined;
  const { alg, typ = absent, kid = absent } = parameters;
  if (typeof alg !== 'string' || !isNamed(typ, 'typ' in parameters) || !isNamed(kid, 'kid' in parameters)) return null;
  return { alg, typ, kid };
}

/** Text, or null that stands for a missing parameter. */
function isNamed(value: unknown, given: boolean): value is string | null {
  return typeof value === 'string' || (value === null && !given);
}

function parseObject(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value = parseStrictJson(bytes);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
