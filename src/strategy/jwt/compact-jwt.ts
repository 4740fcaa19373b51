import { parseStrictJson } from '../../common/strict-json';

/** Header of a JWT that may be looked at further. Nothing of it is trusted: it only names the key to check against. */
export interface JwtHeader {
  readonly alg: string;
  readonly typ: string;
  readonly kid: string;
}

const PARTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const LONGEST = 8192;
const ALLOWED = new Set(['alg', 'typ', 'kid']);

/** True for anything with the outline of a compact JWS. */
export function looksLikeJwt(token: string): boolean {
  return token.startsWith('eyJ');
}

/**
 * The header, when the token is a compact JWS in its one canonical spelling with exactly `alg`, `typ` and `kid`; else
 * null. Libraries accept more: other spellings of the same token, unknown `crit`, `b64`, embedded keys (RFC 8725, 3.1-3.11).
 */
export function readCompactJwt(token: string): JwtHeader | null {
  if (token.length > LONGEST) return null;
  const parts = PARTS.exec(token);
  if (!parts || !parts.slice(1).every(isCanonical)) return null;
  const header = parseObject(parts[1] as string);
  if (!header || !parseObject(parts[2] as string)) return null;
  if (Object.keys(header).some((name) => !ALLOWED.has(name))) return null;
  const { alg, typ, kid } = header;
  return typeof alg === 'string' && typeof typ === 'string' && typeof kid === 'string' ? { alg, typ, kid } : null;
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

function parseObject(part: string): Record<string, unknown> | null {
  try {
    const value = parseStrictJson(Buffer.from(part, 'base64url'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
