import { constants, createHmac, sign, type KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from '@latchkey/nest';

/** A key that signs: a secret for HS*, a private key for everything else. */
export interface SigningKey {
  readonly id: string;
  readonly algorithm: JwtAlgorithm;
  readonly key: KeyObject;
}

type Sign = (key: KeyObject, input: Buffer) => Buffer | Promise<Buffer>;

const padding = constants.RSA_PKCS1_PSS_PADDING;

// An RSA signature takes up to a millisecond: it is made in libuv's pool. The others take microseconds.
const SIGN: Readonly<Record<JwtAlgorithm, Sign>> = {
  HS256: (key, input) => createHmac('sha256', key).update(input).digest(),
  HS384: (key, input) => createHmac('sha384', key).update(input).digest(),
  HS512: (key, input) => createHmac('sha512', key).update(input).digest(),
  RS256: (key, input) => signInPool(input, { key }),
  PS256: (key, input) => signInPool(input, { key, padding, saltLength: 32 }),
  ES256: (key, input) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (key, input) => sign(null, input, key),
};

/** The signature of this key over the text. */
export function signatureOver(input: string, { algorithm, key }: SigningKey): Buffer | Promise<Buffer> {
  return SIGN[algorithm](key, Buffer.from(input));
}

function signInPool(input: Buffer, key: Parameters<typeof sign>[2]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', input, key, (error, signature) => (error ? reject(error) : resolve(signature)));
  });
}
