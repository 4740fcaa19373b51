import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** Signature algorithms that are understood (RFC 7518, 3.1; RFC 8037). `EdDSA` is Ed25519. */
export const JWT_ALGORITHMS = ['HS256', 'HS384', 'HS512', 'RS256', 'PS256', 'ES256', 'EdDSA'] as const;

export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];

/** A key and the one algorithm it is used with: the token has no say in it. Made by `pinKey` or `readJwk`. */
export interface JwtKey {
  /** `kid` */
  readonly id: string;
  readonly algorithm: JwtAlgorithm;
  /** A secret key for HS*, a public key for everything else. */
  readonly key: KeyObject;
}

/** Bytes that a secret needs at least: as many as the hash has (RFC 7518, 3.2). */
export const HMAC_KEY_BYTES = { HS256: 32, HS384: 48, HS512: 64 } as const;

const SHORTEST_MODULUS = 2048;

/**
 * Ties a key to its algorithm.
 * @throws Error when the key is of another kind, too short, or on another curve.
 */
export function pinKey(id: string, algorithm: JwtAlgorithm, key: KeyObject): JwtKey {
  if (!fits(algorithm, key)) throw new Error(`The key ${id} is no key for ${algorithm}`);
  return { id, algorithm, key };
}

/**
 * The key of one member of a JWKS (RFC 7517), or null when it is none for `algorithms`: a symmetric or private key, one
 * for encryption, one of another algorithm. A member without `alg` is taken when it fits exactly one of `algorithms`.
 */
export function readJwk(jwk: unknown, algorithms: readonly JwtAlgorithm[]): JwtKey | null {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return null;
  const { kid = '', alg, use, key_ops: uses } = jwk as Record<string, unknown>;
  if (typeof kid !== 'string' || (use !== undefined && use !== 'sig')) return null;
  if (uses !== undefined && !(Array.isArray(uses) && uses.includes('verify'))) return null;
  const key = publicKeyOf(jwk as JsonWebKey);
  if (!key) return null;
  const fitting = algorithms.filter((algorithm) => (alg === undefined || alg === algorithm) && fits(algorithm, key));
  return fitting.length === 1 ? pinKey(kid, fitting[0] as JwtAlgorithm, key) : null;
}

function publicKeyOf(jwk: JsonWebKey): KeyObject | null {
  // A key that was published is known to everyone: never an HMAC secret, nor one whose private half is known as well.
  if (jwk.kty === 'oct' || jwk.d !== undefined || jwk.k !== undefined) return null;
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return null;
  }
}

function fits(algorithm: JwtAlgorithm, key: KeyObject): boolean {
  switch (algorithm) {
    case 'HS256':
    case 'HS384':
    case 'HS512':
      return key.type === 'secret' && (key.symmetricKeySize ?? 0) >= HMAC_KEY_BYTES[algorithm];
    case 'RS256':
    case 'PS256':
      return isPublic(key, 'rsa') && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= SHORTEST_MODULUS;
    case 'ES256':
      return isPublic(key, 'ec') && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
    case 'EdDSA':
      return isPublic(key, 'ed25519');
  }
}

function isPublic(key: KeyObject, kind: string): boolean {
  return key.type === 'public' && key.asymmetricKeyType === kind;
}
