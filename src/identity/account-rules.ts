import { AuthError, type FieldError } from '@latchkey/nest';
import { emailKey, usernameKey } from './identifier';

export interface AccountNames {
  readonly email?: string | null;
  readonly username?: string | null;
  readonly name?: string | null;
}

const ROLE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const NOT_ONE_LINE = /[\p{Cc}\p{Surrogate}\u2028\u2029]/u;
const LONGEST_NAME = 200;

/** Throws `validation_failed` naming every part that no account may have. */
export function assertNames({ email, username, name }: AccountNames): void {
  const errors: FieldError[] = [];
  if (email == null && username == null) errors.push({ pointer: '/email', message: 'or a username is needed' });
  if (email != null && !emailKey(email)) errors.push({ pointer: '/email', message: 'must be one e-mail address' });
  if (username != null && !usernameKey(username)) {
    errors.push({ pointer: '/username', message: 'must be 2 to 64 letters, digits, dots, dashes or underscores' });
  }
  if (name != null && !isOneLine(name)) {
    errors.push({ pointer: '/name', message: `must be one line of at most ${LONGEST_NAME} characters` });
  }
  if (errors.length > 0) throw invalidAccount(errors);
}

/** Throws `validation_failed` unless each role is a short plain word such as `admin` or `billing:read`. */
export function assertRoles(roles: readonly string[]): void {
  if (roles.every((role) => ROLE.test(role))) return;
  throw invalidAccount([{ pointer: '/roles', message: 'must be words of letters, digits, dots, dashes or colons' }]);
}

/** Throws `validation_failed` for an address of a domain that is not among these; empty: any. */
export function assertDomain(email: string, domains: readonly string[]): void {
  if (domains.length === 0 || isOfDomain(email, domains)) return;
  throw invalidAccount([{ pointer: '/email', message: `must be of ${domains.join(' or ')}` }]);
}

export function isOfDomain(email: string, domains: readonly string[]): boolean {
  return domains.includes(email.slice(email.lastIndexOf('@') + 1).toLowerCase());
}

export function invalidAccount(errors: FieldError[]): AuthError {
  return new AuthError('validation_failed', 'An account cannot look like this', { errors });
}

/** Fit to be the name of a person. */
export function isOneLine(name: unknown): name is string {
  return typeof name === 'string' && name.length <= LONGEST_NAME && !NOT_ONE_LINE.test(name);
}
