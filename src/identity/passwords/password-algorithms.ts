import { createHash } from 'node:crypto';
import * as argon2 from 'argon2';
import * as bcrypt from 'bcrypt';
import { matchesForeign } from './foreign-hash';
import { PREHASH_MARK, type StoredHash } from './stored-hash';

export interface PasswordSettings {
  readonly algorithm: 'argon2id' | 'bcrypt';
  readonly argon2id: {
    /** KiB. */
    readonly memory: number;
    readonly iterations: number;
    readonly parallelism: number;
    /** Bytes. */
    readonly saltLength: number;
    /** Bytes. */
    readonly keyLength: number;
  };
  readonly bcryptCost: number;
}

const BCRYPT_LIMIT = 72;
const ARGON2_VERSION = 0x13;

/** Hashes with the given settings, whatever the password holds. */
export async function hashWith(settings: PasswordSettings, password: string, salt: Buffer): Promise<string> {
  if (settings.algorithm === 'bcrypt') {
    if (!exceedsBcrypt(password)) return bcrypt.hash(password, settings.bcryptCost);
    return PREHASH_MARK + (await bcrypt.hash(prehash(password), settings.bcryptCost));
  }
  const { memory, iterations, parallelism, keyLength } = settings.argon2id;
  const cost = { memoryCost: memory, timeCost: iterations, parallelism, hashLength: keyLength };
  return argon2.hash(password, { ...cost, type: argon2.argon2id, version: ARGON2_VERSION, salt });
}

/** Compares at the cost that the stored hash names. */
export async function matches(stored: StoredHash, password: string): Promise<boolean> {
  if (stored.algorithm === 'argon2') return argon2.verify(stored.encoded, password);
  if (stored.algorithm !== 'bcrypt') return matchesForeign(stored, password);
  if (stored.prehashed) return bcrypt.compare(prehash(password), stored.encoded);
  // CVE-2025-22228: bcrypt alone calls two passwords equal when their first 72 bytes are.
  const same = await bcrypt.compare(password, stored.encoded);
  return same && !exceedsBcrypt(password);
}

/** True when the settings would make this hash today. */
export function isCurrent(stored: StoredHash, settings: PasswordSettings): boolean {
  if (stored.algorithm === 'bcrypt') return settings.algorithm === 'bcrypt' && stored.cost === settings.bcryptCost;
  if (settings.algorithm !== 'argon2id' || stored.algorithm !== 'argon2' || stored.variant !== 'argon2id') return false;
  const { memory, iterations, parallelism, saltLength, keyLength } = settings.argon2id;
  return (
    stored.version === ARGON2_VERSION &&
    stored.memory === memory &&
    stored.iterations === iterations &&
    stored.parallelism === parallelism &&
    stored.saltLength === saltLength &&
    stored.keyLength === keyLength
  );
}

function exceedsBcrypt(password: string): boolean {
  return password.includes('\0') || Buffer.byteLength(password, 'utf8') > BCRYPT_LIMIT;
}

function prehash(password: string): string {
  return createHash('sha384').update(password, 'utf8').digest('base64');
}
