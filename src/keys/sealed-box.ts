import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const NONCE = 12;
const TAG = 16;

/** AES-256-GCM: nonce, ciphertext, tag. `context` is authenticated, so a box cannot be moved to another row. */
export function seal(key: Buffer, plain: Buffer, context: string): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Null when the key or the context is another one, or the box was changed. */
export function unseal(key: Buffer, box: Buffer, context: string): Buffer | null {
  if (box.length < NONCE + TAG) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, NONCE));
  decipher.setAAD(Buffer.from(context)).setAuthTag(box.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(box.subarray(NONCE, -TAG)), decipher.final()]);
  } catch {
    return null;
  }
}
