import { AuthError } from '@latchkey/nest';

const MOST_PARAMETERS = 32;
const LONGEST_NAME = 64;
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const CONTROLS = /[\u0000-\u001f\u007f]/;
const ASCII = /^[\x20-\x7e]*$/;

/** Parameters that have a value. */
export type Form = ReadonlyMap<string, string>;

/**
 * Reads `application/x-www-form-urlencoded` as RFC 6749 wants it: UTF-8 behind the percent signs, no parameter twice, one
 * without a value counts as left out (section 3.2). @throws AuthError `validation_failed`
 */
export function parseForm(bytes: Buffer): Form {
  const text = bytes.toString('latin1');
  if (!ASCII.test(text)) throw malformed('The form is not well-formed');
  const seen = new Set<string>();
  const form = new Map<string, string>();
  for (const [name, value] of text === '' ? [] : text.split('&').map(parameterOf)) {
    if (seen.has(name)) throw malformed('The form names a parameter twice');
    if (seen.add(name).size > MOST_PARAMETERS) throw malformed('The form has too many parameters');
    if (value !== '') form.set(name, value);
  }
  return form;
}

/** One part of a form, or of Basic credentials. @throws AuthError `validation_failed` */
export function formDecoded(part: string): string {
  const text = decoded(part.replaceAll('+', ' '));
  if (text === null || CONTROLS.test(text)) throw malformed('The form is not well-formed');
  return text;
}

/** A parameter that must be there. @throws AuthError `validation_failed` */
export function required(form: Form, name: string): string {
  const value = form.get(name);
  if (value === undefined) throw malformed(`The parameter ${name} is missing`);
  return value;
}

function parameterOf(part: string): [string, string] {
  const at = part.indexOf('=');
  const [name, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
  const plain = formDecoded(name);
  if (plain === '' || plain.length > LONGEST_NAME) throw malformed('The form is not well-formed');
  return [plain, formDecoded(value)];
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function malformed(message: string): AuthError {
  return new AuthError('validation_failed', message);
}
