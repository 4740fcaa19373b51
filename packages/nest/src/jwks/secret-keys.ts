import { createSecretKey, type KeyObject } from 'node:crypto';
import type { CompactJwt } from '../jwt/compact-jwt';
import { HMAC_KEY_BYTES, pinKey, type JwtKey } from '../jwt/jwt-key';
import type { KeySource } from './key-source';

export type HmacAlgorithm = keyof typeof HMAC_KEY_BYTES;

/** Secrets shared with the issuer. The name a token gives to its key is not looked at: each secret is tried. */
export class SecretKeys implements KeySource {
  private readonly secrets: readonly KeyObject[];

  /** @throws Error when a secret is shorter than its hash. */
  constructor(
    secrets: readonly (string | Buffer)[],
    private readonly algorithm: HmacAlgorithm,
  ) {
    const bytes = HMAC_KEY_BYTES[algorithm];
    if (secrets.some((secret) => Buffer.byteLength(secret) < bytes)) {
      throw new Error(`A secret for ${algorithm} needs at least ${bytes} bytes`);
    }
    this.secrets = secrets.map((secret) => createSecretKey(Buffer.from(secret as string)));
  }

  async start(): Promise<void> {}

  async keysFor({ header }: CompactJwt): Promise<readonly JwtKey[]> {
    return this.secrets.map((secret) => pinKey(header.kid ?? '', this.algorithm, secret));
  }
}
