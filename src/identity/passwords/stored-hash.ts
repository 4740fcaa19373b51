import { parseForeignHash, type ForeignHash } from './foreign-hash';

/** What a stored Argon2 string says about how it was made. Memory in KiB, lengths in bytes. */
export interface Argon2Hash {
  readonly algorithm: 'argon2';
  readonly variant: string;
  readonly version: number;
  readonly memory: number;
  readonly iterations: number;
  readonly parallelism: number;
  readonly saltLength: number;
  readonly keyLength: number;
  readonly encoded: string;
}

/** A stored bcrypt string; `prehashed` ones were made from a digest, because bcrypt stops at 72 bytes and at NUL. */
export interface BcryptHash {
  readonly algorithm: 'bcrypt';
  readonly prehashed: boolean;
  readonly cost: number;
  readonly encoded: string;
}

export type StoredHash = Argon2Hash | BcryptHash | ForeignHash;

/** Stands before the bcrypt string of a password that bcrypt alone would have cut. */
export const PREHASH_MARK = '$bcrypt-sha384$';

const ARGON2 =
  /^\$(argon2(?:id|i|d))\$v=(16|19)\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,8})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

// An imported row must not be able to order hours of work or all memory.
const MOST_MEMORY = 4_194_304;
const MOST_ITERATIONS = 100;
const MOST_LANES = 64;
const MOST_COST = 16;
const MOST_BYTES = 128;

/** Reads a stored hash; null when it is damaged, unknown or asks for more work than any setting allows. */
export function parseStoredHash(stored: string): StoredHash | null {
  if (stored.startsWith('$argon2')) return parseArgon2(stored);
  return parseBcrypt(stored) ?? parseForeignHash(stored);
}

function parseArgon2(encoded: string): Argon2Hash | null {
  const match = ARGON2.exec(encoded);
  if (!match) return null;
  const [memory, iterations, parallelism] = match.slice(3, 6).map(Number) as [number, number, number];
  if (memory > MOST_MEMORY || iterations > MOST_ITERATIONS || parallelism > MOST_LANES) return null;
  if (memory < 8 * parallelism || iterations < 1 || parallelism < 1) return null;
  const [saltLength, keyLength] = match.slice(6, 8).map(bytesOfBase64) as [number, number];
  if (saltLength < 8 || keyLength < 16 || saltLength > MOST_BYTES || keyLength > MOST_BYTES) return null;
  const [, variant, version] = match as unknown as [string, string, string];
  return {
    algorithm: 'argon2',
    variant,
    version: Number(version),
    memory,
    iterations,
    parallelism,
    saltLength,
    keyLength,
    encoded,
  };
}

function parseBcrypt(stored: string): BcryptHash | null {
  const prehashed = stored.startsWith(PREHASH_MARK);
  const written = prehashed ? stored.slice(PREHASH_MARK.length) : stored;
  const cost = Number(BCRYPT.exec(written)?.[1]);
  if (!(cost >= 4 && cost <= MOST_COST)) return null;
  // PHP writes 2y for what everybody else calls 2b; the library knows 2a and 2b.
  return {
    algorithm: 'bcrypt',
    prehashed,
    cost,
    encoded: written.startsWith('$2y') ? '$2b' + written.slice(3) : written,
  };
}

// A length of one over a multiple of four is no base64.
function bytesOfBase64(text: string): number {
  return text.length % 4 === 1 ? 0 : Math.floor((text.length * 3) / 4);
}
