import { randomBytes } from 'node:crypto';
import { decodeBase62, encodeBase62 } from '../../common/base62';
import { digestsMatch, sha256 } from '../../common/digest';

const PREFIX = 'lk_ec_';
const SECRET_BYTES = 32;
const CHECKSUM_BYTES = 4;

/** A code as it is sent, and the hash that is kept of it. */
export interface NewAccountCode {
  readonly code: string;
  readonly hash: Buffer;
}

/** Prefix, then 256 secret bits and a checksum in base62. No other kind of token passes as one, nor it as another. */
export function newAccountCode(): NewAccountCode {
  const secret = randomBytes(SECRET_BYTES);
  return { code: PREFIX + encodeBase62(Buffer.concat([secret, checksum(secret)])), hash: sha256(secret) };
}

/** The hash that is kept of a code; null for anything malformed or mistyped, which costs no statement. */
export function hashOfAccountCode(code: string): Buffer | null {
  if (!code.startsWith(PREFIX)) return null;
  const bytes = decodeBase62(code.slice(PREFIX.length), SECRET_BYTES + CHECKSUM_BYTES);
  const secret = bytes?.subarray(0, SECRET_BYTES);
  return secret && digestsMatch(bytes?.subarray(SECRET_BYTES), checksum(secret)) ? sha256(secret) : null;
}

function checksum(secret: Buffer): Buffer {
  return sha256(Buffer.concat([Buffer.from(PREFIX), secret])).subarray(0, CHECKSUM_BYTES);
}
