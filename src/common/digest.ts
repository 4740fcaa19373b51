import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

export function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

export function hmacSha256(key: Buffer, data: string | Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** RFC 5869 with SHA-256 and no salt: a key of its own for every purpose. */
export function deriveKey(root: Buffer, purpose: string, length = 32): Buffer {
  return Buffer.from(hkdfSync('sha256', root, Buffer.alloc(0), `latchkey/${purpose}`, length));
}

/** Constant-time comparison; false, not an error, when the lengths differ or one side is missing. */
export function digestsMatch(a: Buffer | null | undefined, b: Buffer | null | undefined): boolean {
  return a != null && b != null && a.length === b.length && timingSafeEqual(a, b);
}
