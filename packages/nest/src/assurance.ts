import type { AuthContext } from './auth-context';
import { AuthError } from './auth-error';

/** How strongly, and how recently, a person must have proven who they are. */
export interface Assurance {
  /** A second factor must have been proven in this login. */
  readonly mfa: boolean;
  /** Milliseconds; null is any time. */
  readonly maxAge: number | null;
}

/** `now` in milliseconds since the epoch. @throws AuthError `insufficient_assurance` that says what is missing */
export function requireAssurance(auth: AuthContext, { mfa, maxAge }: Assurance, now: number): void {
  if (mfa && !auth.amr.includes('mfa')) throw insufficient('A second factor is needed', { acr_values: 'mfa' });
  if (maxAge === null || provenWithin(auth, maxAge, now)) return;
  throw insufficient('Confirm that it is you', { max_age: maxAge / 1000 });
}

/** A JWT without `auth_time` says when it was made, which a refresh moves: that is no proof of anything recent. */
function provenWithin({ principal, claims, authTime }: AuthContext, maxAge: number, now: number): boolean {
  if (principal.kind !== 'user' || (claims && typeof claims['auth_time'] !== 'number')) return false;
  return now - authTime.getTime() <= maxAge;
}

function insufficient(message: string, extensions: Readonly<Record<string, string | number>>): AuthError {
  return new AuthError('insufficient_assurance', message, { extensions });
}
