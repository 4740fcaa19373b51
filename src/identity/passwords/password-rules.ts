import { AuthError } from '@latchkey/nest';

/** In bytes of UTF-8. Hashing costs grow with the length, so it is checked before any of them. */
export const MAX_PASSWORD_BYTES = 1024;

/** Refuses what cannot be hashed faithfully. A password is otherwise used exactly as received. */
export function assertHashable(password: unknown): asserts password is string {
  if (typeof password !== 'string') throw refused('must be text');
  // Encoding turns every lone surrogate into the same U+FFFD, so different passwords would become equal.
  if (/\p{Surrogate}/u.test(password)) throw refused('must be well-formed Unicode');
  if (Buffer.byteLength(password, 'utf8') > MAX_PASSWORD_BYTES) {
    throw refused(`must be at most ${MAX_PASSWORD_BYTES} bytes long`);
  }
}

/** Length is counted in code points. */
export function isLongEnough(password: string, minLength: number): boolean {
  return [...password].length >= minLength;
}

function refused(message: string): AuthError {
  return new AuthError('validation_failed', `The password ${message}`, { errors: [{ pointer: '/password', message }] });
}
