import { createCipheriv, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** `$scrypt$ln=15,r=8,p=1$salt$hash`, base64 without padding. */
export interface ScryptHash {
  readonly algorithm: 'scrypt' | 'firebase-scrypt';
  /** log2 of the cost. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  /** For Firebase: the key stream that the derived key makes of a signer key, so that the signer key need not be kept. */
  readonly key: Buffer;
}

/** `$pbkdf2-sha256$i=600000,l=32$salt$hash`, or Django's `pbkdf2_sha256$600000$salt$hash`. */
export interface Pbkdf2Hash {
  readonly algorithm: 'pbkdf2';
  readonly digest: 'sha1' | 'sha256' | 'sha512';
  readonly iterations: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** Made by another system. Verified as it is, and never made here. */
export type ForeignHash = ScryptHash | Pbkdf2Hash;

const B64 = '([A-Za-z0-9+/]{1,344})={0,2}';
const SCRYPT = new RegExp(`^\\$(scrypt|firebase-scrypt)\\$ln=(\\d{1,2}),r=(\\d{1,3}),p=(\\d{1,3})\\$${B64}\\$${B64}$`);
const PBKDF2 = new RegExp(`^\\$pbkdf2-(sha1|sha256|sha512)\\$i=(\\d{1,8}),l=(\\d{1,3})\\$${B64}\\$${B64}$`);
const DJANGO = new RegExp(`^pbkdf2_(sha1|sha256|sha512)\\$(\\d{1,8})\\$([^$\\s]{1,128})\\$${B64}$`);

// An imported row must not be able to order hours of work or all memory.
const MOST_SCRYPT_BYTES = 268_435_456;
const MOST_SCRYPT_WORK = 8_388_608;
const MOST_PBKDF2_ROUNDS = 10_000_000;
const MOST_BYTES = 128;
const DIGEST_BYTES = { sha1: 20, sha256: 32, sha512: 64 };
const FIREBASE_KEY_BYTES = 32;

const derivePbkdf2 = promisify(pbkdf2);

/** Null when it is of no kind that is known here, damaged, or asks for more work than a login may cost. */
export function parseForeignHash(stored: string): ForeignHash | null {
  return parseScrypt(stored) ?? parsePbkdf2(stored);
}

/** True when the password made the hash. */
export async function matchesForeign(stored: ForeignHash, password: string): Promise<boolean> {
  const derived = stored.algorithm === 'pbkdf2' ? await rederive(stored, password) : await scryptKey(stored, password);
  return derived.length === stored.key.length && timingSafeEqual(derived, stored.key);
}

function parseScrypt(stored: string): ScryptHash | null {
  const match = SCRYPT.exec(stored);
  if (!match) return null;
  const [ln, r, p] = match.slice(2, 5).map(Number) as [number, number, number];
  const [salt, key] = match.slice(5, 7).map(decoded) as [Buffer, Buffer];
  const cost = 2 ** ln;
  if (ln < 1 || r < 1 || p < 1 || cost * r * 128 > MOST_SCRYPT_BYTES || cost * r * p > MOST_SCRYPT_WORK) return null;
  return isKey(key) && salt.length <= MOST_BYTES
    ? { algorithm: match[1] as ScryptHash['algorithm'], ln, r, p, salt, key }
    : null;
}

function parsePbkdf2(stored: string): Pbkdf2Hash | null {
  const [, digest, rounds, ...parts] = PBKDF2.exec(stored) ?? [];
  if (digest === undefined) return parseDjango(stored);
  const [length, salt, key] = parts as [string, string, string];
  if (decoded(key).length !== Number(length)) return null;
  return bounded({ digest, iterations: Number(rounds), salt: decoded(salt), key: decoded(key) });
}

function parseDjango(stored: string): Pbkdf2Hash | null {
  const [, digest, rounds, salt, key] = DJANGO.exec(stored) ?? [];
  if (digest === undefined || salt === undefined || key === undefined) return null;
  return bounded({ digest, iterations: Number(rounds), salt: Buffer.from(salt, 'utf8'), key: decoded(key) });
}

function bounded(of: { digest: string; iterations: number; salt: Buffer; key: Buffer }): Pbkdf2Hash | null {
  const digest = of.digest as Pbkdf2Hash['digest'];
  const rounds = of.iterations * Math.ceil(of.key.length / DIGEST_BYTES[digest]);
  if (rounds < 1 || rounds > MOST_PBKDF2_ROUNDS || !isKey(of.key) || of.salt.length > MOST_BYTES) return null;
  return { ...of, algorithm: 'pbkdf2', digest };
}

function rederive({ salt, iterations, key, digest }: Pbkdf2Hash, password: string): Promise<Buffer> {
  return derivePbkdf2(password, salt, iterations, key.length, digest);
}

async function scryptKey(stored: ScryptHash, password: string): Promise<Buffer> {
  if (stored.algorithm === 'scrypt') return deriveScrypt(stored, password, stored.key.length);
  return keyStream(await deriveScrypt(stored, password, FIREBASE_KEY_BYTES), stored.key.length);
}

/** What AES-256-CTR from a counter of zero makes of zeros: Firebase hides its signer key with it. */
function keyStream(key: Buffer, length: number): Buffer {
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

function deriveScrypt({ ln, r, p, salt }: ScryptHash, password: string, length: number): Promise<Buffer> {
  const options = { N: 2 ** ln, r, p, maxmem: 128 * r * (2 ** ln + p + 2) + 1_048_576 };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, derived) => (error ? reject(error) : resolve(derived)));
  });
}

function isKey({ length }: Buffer): boolean {
  return length >= 16 && length <= MOST_BYTES;
}

function decoded(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64');
}
