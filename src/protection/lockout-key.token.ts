/** Injection token of the key (a `Buffer`) under which account names are hashed before they are counted. */
export const LOCKOUT_KEY = Symbol('LOCKOUT_KEY');
