import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { HMAC_KEY_BYTES, pinKey, type JwtAlgorithm, type JwtKey } from '@latchkey/nest';
import { encodeBase62 } from '../common/base62';
import { deriveKey, sha256 } from '../common/digest';
import type { SigningKey } from './jwt-signature';

/** Both halves of a key; the same object twice for a secret. */
export interface KeyPair {
  readonly signing: SigningKey;
  readonly verifying: JwtKey;
}

type HmacAlgorithm = keyof typeof HMAC_KEY_BYTES;

const MODULUS_BITS = 2048;
const HMAC_ALGORITHMS = Object.keys(HMAC_KEY_BYTES) as HmacAlgorithm[];
const generate = promisify(generateKeyPair);

/** Letters and digits alone: on a command line an id that begins with a hyphen would be taken for an option. */
export function newKeyId(): string {
  return encodeBase62(randomBytes(9)).slice(-12);
}

/** A new secret, or a private key as PKCS #8. RSA keys are made in libuv's pool, not on the event loop. */
export async function newKeyBytes(algorithm: JwtAlgorithm): Promise<Buffer> {
  if (isHmac(algorithm)) return randomBytes(HMAC_KEY_BYTES[algorithm]);
  const { privateKey } = await newPair(algorithm);
  return privateKey.export({ type: 'pkcs8', format: 'der' });
}

/** @throws Error when the bytes are no key for the algorithm. */
export function keyPairOf(id: string, algorithm: JwtAlgorithm, bytes: Buffer): KeyPair {
  const key = isHmac(algorithm)
    ? createSecretKey(bytes)
    : createPrivateKey({ key: bytes, type: 'pkcs8', format: 'der' });
  const verifying = pinKey(id, algorithm, isHmac(algorithm) ? key : createPublicKey(key));
  return { signing: { id, algorithm, key }, verifying };
}

/** One key for each algorithm that the secret is long enough for, so that a changed algorithm logs nobody out. */
export function keyPairsOfSecret(secret: string): KeyPair[] {
  const bytes = Buffer.from(secret, 'utf8');
  return HMAC_ALGORITHMS.filter((algorithm) => bytes.length >= HMAC_KEY_BYTES[algorithm]).map((algorithm) =>
    keyPairOf(idOfSecret(bytes, algorithm), algorithm, bytes),
  );
}

/** The id says nothing about the secret: a hash of a key derived from it. */
export function idOfSecret(bytes: Buffer, algorithm: JwtAlgorithm): string {
  return sha256(deriveKey(bytes, `kid/${algorithm}`))
    .subarray(0, 9)
    .toString('base64url');
}

function newPair(algorithm: Exclude<JwtAlgorithm, HmacAlgorithm>): Promise<{ privateKey: KeyObject }> {
  switch (algorithm) {
    case 'RS256':
    case 'PS256':
      return generate('rsa', { modulusLength: MODULUS_BITS });
    case 'ES256':
      return generate('ec', { namedCurve: 'prime256v1' });
    case 'EdDSA':
      return generate('ed25519');
  }
}

function isHmac(algorithm: JwtAlgorithm): algorithm is HmacAlgorithm {
  return algorithm in HMAC_KEY_BYTES;
}
