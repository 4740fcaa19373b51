import { randomBytes } from 'node:crypto';
import { decodeBase62, encodeBase62 } from '../common/base62';
import { digestsMatch, sha256 } from '../common/digest';

const PREFIX = 'lk_cs_';
const SECRET_BYTES = 32;
const CHECKSUM_BYTES = 4;

/** 256 random bits: `text` is shown once, `hash` is what is kept. */
export interface NewClientSecret {
  readonly text: string;
  readonly hash: Buffer;
}

export function newClientSecret(): NewClientSecret {
  const secret = randomBytes(SECRET_BYTES);
  return { text: formatClientSecret(secret), hash: sha256(secret) };
}

/** Prefix, then secret and checksum in base62. */
export function formatClientSecret(secret: Buffer): string {
  return PREFIX + encodeBase62(Buffer.concat([secret, checksum(secret)]));
}

/** The hash to compare with; null for anything malformed or mistyped: that costs no read. */
export function hashOfClientSecret(text: string): Buffer | null {
  if (!text.startsWith(PREFIX)) return null;
  const bytes = decodeBase62(text.slice(PREFIX.length), SECRET_BYTES + CHECKSUM_BYTES);
  if (!bytes) return null;
  const secret = bytes.subarray(0, SECRET_BYTES);
  return digestsMatch(bytes.subarray(SECRET_BYTES), checksum(secret)) ? sha256(secret) : null;
}

function checksum(secret: Buffer): Buffer {
  return sha256(Buffer.concat([Buffer.from(PREFIX), secret])).subarray(0, CHECKSUM_BYTES);
}
