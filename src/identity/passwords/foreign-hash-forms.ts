import { z } from 'zod';
import { parseStoredHash } from './stored-hash';

/** What an export says about the password of one person: the hash itself, and how it was made where the hash does not tell. */
export interface ExportedHash {
  readonly password_hash?: string;
  readonly hash_algorithm?: string;
  readonly salt?: string;
  readonly iterations?: number;
  readonly signer_key?: string;
  readonly salt_separator?: string;
  readonly rounds?: number;
  readonly mem_cost?: number;
  readonly credential_data?: unknown;
  readonly secret_data?: unknown;
}

type Form = (exported: ExportedHash) => string | null;

const keycloakCredential = z.object({
  algorithm: z.string().regex(/^pbkdf2-(sha256|sha512)$|^pbkdf2$/),
  hashIterations: z.number().int(),
});
const keycloakSecret = z.object({ value: z.string(), salt: z.string() });

const FORMS: Readonly<Record<string, Form>> = {
  'firebase-scrypt': firebase,
  keycloak,
  'pbkdf2-sha1': (exported) => pbkdf2('sha1', exported),
  'pbkdf2-sha256': (exported) => pbkdf2('sha256', exported),
  'pbkdf2-sha512': (exported) => pbkdf2('sha512', exported),
};

/** The names that `hash_algorithm` may have. */
export const FOREIGN_FORMS: readonly string[] = Object.keys(FORMS);

/** The one text that is stored, or null when no login could be judged by it. */
export function storableHash(exported: ExportedHash): string | null {
  const { hash_algorithm: name } = exported;
  const form = name ? Object.hasOwn(FORMS, name) && FORMS[name] : encoded;
  const stored = (form || undefined)?.(exported) ?? null;
  return stored !== null && parseStoredHash(stored) ? stored : null;
}

/** Django puts the name of its hasher before the strings of bcrypt and Argon2. */
function encoded({ password_hash }: ExportedHash): string | null {
  return password_hash?.replace(/^(?:argon2(?=\$argon2)|bcrypt\$(?=\$2))/, '') ?? null;
}

function pbkdf2(digest: string, { password_hash, salt, iterations }: ExportedHash): string | null {
  const [key, salted] = [bytesOf(password_hash), bytesOf(salt)];
  if (!key || !salted || iterations === undefined) return null;
  return `$pbkdf2-${digest}$i=${iterations},l=${key.length}$${base64(salted)}$${base64(key)}`;
}

/** `credentialData` and `secretData` as the database and the realm export have them: JSON, or text that holds JSON. */
function keycloak({ credential_data, secret_data }: ExportedHash): string | null {
  const credential = keycloakCredential.safeParse(unwrapped(credential_data));
  const secret = keycloakSecret.safeParse(unwrapped(secret_data));
  if (!credential.success || !secret.success) return null;
  const digest = credential.data.algorithm.split('-')[1] ?? 'sha1';
  const { value: password_hash, salt } = secret.data;
  return pbkdf2(digest, { password_hash, salt, iterations: credential.data.hashIterations });
}

/**
 * Firebase encrypts one signer key with a key derived from each password. The key stream alone tells as much, so the
 * signer key does not go into the table.
 */
function firebase(exported: ExportedHash): string | null {
  const { rounds, mem_cost } = exported;
  const [hidden, signer] = [bytesOf(exported.password_hash), bytesOf(exported.signer_key)];
  const [salt, separator] = [bytesOf(exported.salt), bytesOf(exported.salt_separator ?? '')];
  if (!hidden || !signer || !salt || !separator || signer.length !== hidden.length) return null;
  const stream = hidden.map((byte, place) => byte ^ (signer[place] as number));
  const salted = base64(Buffer.concat([salt, separator]));
  return `$firebase-scrypt$ln=${mem_cost},r=${rounds},p=1$${salted}$${base64(Buffer.from(stream))}`;
}

/** Null for what is no base64 of either alphabet. */
function bytesOf(text: string | undefined): Buffer | null {
  return text !== undefined && /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null;
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function unwrapped(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}
