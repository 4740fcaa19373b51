import { z } from 'zod';
import type { AccessRecord } from './session.store';

const instant = z.int().transform((milliseconds) => new Date(milliseconds));
const digest = z.base64url().transform((text) => Buffer.from(text, 'base64url'));
const generation = z.int().nonnegative();
const text = z.string().nullable();

/** Bare of anything that a request could be signed in with: hashes of tokens, and what the row says of its owner. */
const copySchema = z.strictObject({
  readAt: z.int(),
  session: z.strictObject({
    id: z.uuid(),
    ipAddress: text,
    userAgent: text,
    device: text,
    amr: z.array(z.string()),
    createdAt: instant,
    lastActivity: instant,
    expiresAt: instant,
  }),
  principal: z.strictObject({
    kind: z.literal('user'),
    userId: z.uuid(),
    tenantId: z.uuid(),
    email: text,
    username: text,
    name: text,
    roles: z.array(z.string()),
  }),
  generations: z.strictObject({ global: generation, tenant: generation, user: generation }),
  authTime: instant,
  accessHash: digest.nullable(),
  accessExpiresAt: instant.nullable(),
  previousAccessHash: digest.nullable(),
  previousAccessUntil: instant.nullable(),
});

/** A live row as it was read at `readAt`, in milliseconds since the epoch. */
export type SessionCopy = AccessRecord & { readonly readAt: number };

export function encodeCopy({ revoked: _, ...record }: SessionCopy): Buffer {
  return Buffer.from(JSON.stringify(record, writtenShort));
}

/** Null unless it has exactly the shape that this version writes. */
export function decodeCopy(bytes: Buffer): SessionCopy | null {
  try {
    const copy = copySchema.safeParse(JSON.parse(bytes.toString()));
    return copy.success ? { ...copy.data, revoked: false } : null;
  } catch {
    return null;
  }
}

/** JSON.stringify has called `toJSON` already when it asks; the holder still has the value itself. */
function writtenShort(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  if (original instanceof Date) return original.getTime();
  return Buffer.isBuffer(original) ? original.toString('base64url') : value;
}
