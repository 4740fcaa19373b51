import { randomBytes } from 'node:crypto';
import { decodeBase62, encodeBase62 } from '../common/base62';
import { digestsMatch, sha256 } from '../common/digest';

export type OpaqueTokenUse = 'access' | 'refresh';

/** A session id and 256 bits that only its bearer knows. */
export interface OpaqueToken {
  readonly sessionId: string;
  readonly secret: Buffer;
}

const PREFIX: Record<OpaqueTokenUse, string> = { access: 'lk_at_', refresh: 'lk_rt_' };
const ID_BYTES = 16;
const SECRET_BYTES = 32;
const CHECKSUM_BYTES = 4;
const TOTAL_BYTES = ID_BYTES + SECRET_BYTES + CHECKSUM_BYTES;

export function newSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** True for both uses; says nothing about validity. */
export function looksOpaque(token: string): boolean {
  return token.startsWith('lk_');
}

/** Prefix, then session id, secret and checksum in base62. The checksum covers the prefix, so one use is not the other. */
export function formatOpaqueToken(use: OpaqueTokenUse, token: OpaqueToken): string {
  const body = Buffer.concat([Buffer.from(token.sessionId.replaceAll('-', ''), 'hex'), token.secret]);
  return PREFIX[use] + encodeBase62(Buffer.concat([body, checksum(use, body)]));
}

/** Null for anything malformed or mistyped: that costs no read. */
export function parseOpaqueToken(use: OpaqueTokenUse, text: string): OpaqueToken | null {
  if (!text.startsWith(PREFIX[use])) return null;
  const bytes = decodeBase62(text.slice(PREFIX[use].length), TOTAL_BYTES);
  if (!bytes) return null;
  const body = bytes.subarray(0, ID_BYTES + SECRET_BYTES);
  if (!digestsMatch(bytes.subarray(body.length), checksum(use, body))) return null;
  return { sessionId: uuidOf(body.subarray(0, ID_BYTES)), secret: body.subarray(ID_BYTES) };
}

function checksum(use: OpaqueTokenUse, body: Buffer): Buffer {
  return sha256(Buffer.concat([Buffer.from(PREFIX[use]), body])).subarray(0, CHECKSUM_BYTES);
}

function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
