import { constants, createHmac, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import type { CompactJws } from './compact-jwt';
import type { JwtKey } from './jwt-key';

const padding = constants.RSA_PKCS1_PSS_PADDING;

type Check = (key: KeyObject, input: Buffer, signature: Buffer) => boolean;

// Synchronous on purpose: WebCrypto and the callback forms wait behind password hashes in libuv's pool.
const CHECKS: Readonly<Record<JwtKey['algorithm'], Check>> = {
  HS256: hmac('sha256'),
  HS384: hmac('sha384'),
  HS512: hmac('sha512'),
  RS256: (key, input, signature) => isAsLongAs(key, signature) && verify('sha256', input, key, signature),
  PS256: (key, input, signature) =>
    isAsLongAs(key, signature) && verify('sha256', input, { key, padding, saltLength: 32 }, signature),
  ES256: (key, input, signature) =>
    signature.length === 64 && verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature),
  EdDSA: (key, input, signature) => signature.length === 64 && verify(null, input, key, signature),
};

/** Whether this key made the signature, with the algorithm of the key and a header that admits to it. */
export function hasSignatureOf(jws: CompactJws, key: JwtKey): boolean {
  if (jws.header.alg !== key.algorithm) return false;
  if (jws.header.kid !== null && jws.header.kid !== key.id) return false;
  return CHECKS[key.algorithm](key.key, Buffer.from(jws.signingInput), jws.signature);
}

/** As long as the modulus (RFC 8017, 8.1.2): OpenSSL also takes a PSS signature without its leading zero bytes. */
function isAsLongAs(key: KeyObject, signature: Buffer): boolean {
  return signature.length === Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
}

function hmac(hash: string): Check {
  return (key, input, signature) => {
    const expected = createHmac(hash, key).update(input).digest();
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  };
}
