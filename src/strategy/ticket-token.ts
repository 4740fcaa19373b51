import { decodeBase62, encodeBase62 } from '../common/base62';
import { digestsMatch, sha256 } from '../common/digest';

const PREFIX = 'lk_tk_';
const SECRET_BYTES = 32;
const CHECKSUM_BYTES = 4;

/** Prefix, then 256 secret bits and a checksum in base62. No other kind of token passes as one, nor it as another. */
export function formatTicket(secret: Buffer): string {
  return PREFIX + encodeBase62(Buffer.concat([secret, checksum(secret)]));
}

/** Null for anything malformed or mistyped: that costs no statement. */
export function parseTicket(text: string): Buffer | null {
  if (!text.startsWith(PREFIX)) return null;
  const bytes = decodeBase62(text.slice(PREFIX.length), SECRET_BYTES + CHECKSUM_BYTES);
  const secret = bytes?.subarray(0, SECRET_BYTES);
  return secret && digestsMatch(bytes?.subarray(SECRET_BYTES), checksum(secret)) ? secret : null;
}

function checksum(secret: Buffer): Buffer {
  return sha256(Buffer.concat([Buffer.from(PREFIX), secret])).subarray(0, CHECKSUM_BYTES);
}
