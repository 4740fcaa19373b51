import { z } from 'zod';
import { foldAscii } from '../common/fold-ascii';

export type IdentifierPolicy = 'email' | 'username' | 'either';

/** What a person types to say who they are, in the form that the database compares. */
export interface Identifier {
  readonly kind: 'email' | 'username';
  readonly key: string;
}

const EMAIL = z.email().max(254);
const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,63}$/;

/** The key of an acceptable e-mail address, or null. */
export function emailKey(email: unknown): string | null {
  return EMAIL.safeParse(email).success ? foldAscii(email as string) : null;
}

/** The key of an acceptable username, or null. A username never holds an `@`, so it is never an address. */
export function usernameKey(username: unknown): string | null {
  return typeof username === 'string' && USERNAME.test(username) ? foldAscii(username) : null;
}

/** Reads an identifier, or null when it could name nobody or is of a kind that the policy refuses. */
export function readIdentifier(typed: unknown, policy: IdentifierPolicy = 'either'): Identifier | null {
  if (typeof typed !== 'string') return null;
  const kind = typed.includes('@') ? 'email' : 'username';
  if (policy !== 'either' && policy !== kind) return null;
  const key = kind === 'email' ? emailKey(typed) : usernameKey(typed);
  return key === null ? null : { kind, key };
}
