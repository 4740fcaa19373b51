import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { Clock } from '../common/clock';
import { deriveKey, sha256 } from '../common/digest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { RootKeys } from './root-keys';
import { seal, unseal } from './sealed-box';
import { SigningKeyStore, type NewSigningKey, type SigningKeyRow } from './signing-key.store';

export type SigningAlgorithm = 'HS256' | 'HS384' | 'HS512';

/** A key and the one algorithm it is used with: the token has no say in it. */
export interface SigningKey {
  readonly id: string;
  readonly algorithm: SigningAlgorithm;
  readonly key: KeyObject;
}

const KEY_BYTES: Record<SigningAlgorithm, number> = { HS256: 32, HS384: 48, HS512: 64 };
const PURPOSE = 'signing-keys';

/** The keys that sign and verify JWTs: the configured secrets, or one that is made once and kept sealed. */
@Injectable()
export class KeyRing implements OnModuleInit {
  private readonly keys = new Map<string, SigningKey>();
  private current?: SigningKey;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly roots: RootKeys,
    private readonly store: SigningKeyStore,
    private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    const { algorithm, secret, previousSecrets } = this.config.auth.jwt;
    if (!secret) await this.store.ensure(algorithm, () => this.make(algorithm));
    const stored = (await this.store.list()).map((row) => this.open(row));
    const configured = [...(secret ? [secret] : []), ...previousSecrets].flatMap(keysOfSecret);
    for (const key of [...configured, ...stored]) if (!this.keys.has(key.id)) this.keys.set(key.id, key);
    this.current = (secret ? configured : stored).find((key) => key.algorithm === algorithm);
  }

  get signing(): SigningKey {
    if (!this.current) throw new Error('There is no signing key');
    return this.current;
  }

  find(id: string): SigningKey | null {
    return this.keys.get(id) ?? null;
  }

  private make(algorithm: SigningAlgorithm): NewSigningKey {
    const id = randomBytes(9).toString('base64url');
    const sealed = seal(this.roots.derive(PURPOSE), randomBytes(KEY_BYTES[algorithm]), id);
    return { id, algorithm, sealed, sealedBy: this.roots.currentId, now: this.clock.date() };
  }

  private open(row: SigningKeyRow): SigningKey {
    const key = this.roots.deriveWith(row.sealed_by, PURPOSE);
    const secret = key && unseal(key, row.sealed, row.id);
    if (!secret) {
      throw new Error(
        `Signing key ${row.id} was sealed with another root secret (${row.sealed_by}). ` +
          'Give that secret in auth.secret or auth.previous_secrets.',
      );
    }
    return { id: row.id, algorithm: row.algorithm as SigningAlgorithm, key: createSecretKey(secret) };
  }
}

/** One key for each algorithm that the secret is long enough for, so that a changed algorithm logs nobody out. */
function keysOfSecret(secret: string): SigningKey[] {
  const bytes = Buffer.from(secret, 'utf8');
  const algorithms = Object.keys(KEY_BYTES) as SigningAlgorithm[];
  return algorithms
    .filter((algorithm) => bytes.length >= KEY_BYTES[algorithm])
    .map((algorithm) => keyOf(bytes, algorithm));
}

/** The id says nothing about the secret: a hash of a key derived from it. */
function keyOf(bytes: Buffer, algorithm: SigningAlgorithm): SigningKey {
  const id = sha256(deriveKey(bytes, `kid/${algorithm}`))
    .subarray(0, 9)
    .toString('base64url');
  return { id, algorithm, key: createSecretKey(bytes) };
}
