import { Injectable } from '@nestjs/common';
import { deriveKey, hmacSha256, sha256 } from '../common/digest';
import { RootKeys } from '../keys/root-keys';

/** Secrets of one generation of a login, all derived from the refresh token it came from. */
export interface Lineage {
  readonly accessSecret: Buffer;
  readonly refreshSecret: Buffer;
  readonly accessJti: string;
  readonly refreshJti: string;
}

const PURPOSE = 'refresh-lineage';

/** How an opaque refresh token is named in the database. */
export function hashOfSecret(secret: Buffer): Buffer {
  return sha256(secret);
}

/** How a JWT refresh token is named in the database. */
export function hashOfJti(jti: string): Buffer {
  return sha256(`jwt/${jti}`);
}

/** Expands the seed of a consumed login into what its successor is made of. */
export function lineageOf(seed: Buffer): Lineage {
  return {
    accessSecret: deriveKey(seed, 'access-secret'),
    refreshSecret: deriveKey(seed, 'refresh-secret'),
    accessJti: deriveKey(seed, 'access-jti', 16).toString('base64url'),
    refreshJti: deriveKey(seed, 'refresh-jti', 16).toString('base64url'),
  };
}

/** The hashes by which the successor's refresh token will be known: as an opaque one, or as a JWT. */
export function successorHashes(seed: Buffer): { opaqueHash: Buffer; jwtHash: Buffer } {
  const { refreshSecret, refreshJti } = lineageOf(seed);
  return { opaqueHash: hashOfSecret(refreshSecret), jwtHash: hashOfJti(refreshJti) };
}

/**
 * Derives a successor's seed from its parent. Whoever presents the same parent gets the same successor, and the
 * database holds nothing but hashes.
 */
@Injectable()
export class LineageKeys {
  constructor(private readonly roots: RootKeys) {}

  get currentId(): string {
    return this.roots.currentId;
  }

  /** `parent` is what only the bearer of the refresh token can know of it. Null when that root key is gone. */
  seed(parent: string | Buffer, keyId: string): Buffer | null {
    const key = this.roots.deriveWith(keyId, PURPOSE);
    return key && hmacSha256(key, parent);
  }
}
