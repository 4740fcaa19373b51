import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { createSecretKey, randomBytes } from 'node:crypto';
import { HMAC_KEY_BYTES, pinKey, type JwtKey } from '@latchkey/nest';
import { Clock } from '../common/clock';
import { deriveKey, sha256 } from '../common/digest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { RootKeys } from './root-keys';
import { seal, unseal } from './sealed-box';
import { SigningKeyStore, type NewSigningKey, type SigningKeyRow } from './signing-key.store';

export type SigningAlgorithm = 'HS256' | 'HS384' | 'HS512';

const PURPOSE = 'signing-keys';

/** The keys that sign and verify JWTs: the configured secrets, or one that is made once and kept sealed. */
@Injectable()
export class KeyRing implements OnModuleInit {
  private readonly keys = new Map<string, JwtKey>();
  private current?: JwtKey;

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

  get signing(): JwtKey {
    if (!this.current) throw new Error('There is no signing key');
    return this.current;
  }

  find(id: string): JwtKey | null {
    return this.keys.get(id) ?? null;
  }

  private make(algorithm: SigningAlgorithm): NewSigningKey {
    const id = randomBytes(9).toString('base64url');
    const sealed = seal(this.roots.derive(PURPOSE), randomBytes(HMAC_KEY_BYTES[algorithm]), id);
    return { id, algorithm, sealed, sealedBy: this.roots.currentId, now: this.clock.date() };
  }

  private open(row: SigningKeyRow): JwtKey {
    const key = this.roots.deriveWith(row.sealed_by, PURPOSE);
    const secret = key && unseal(key, row.sealed, row.id);
    if (!secret) {
      throw new Error(
        `Signing key ${row.id} was sealed with another root secret (${row.sealed_by}). ` +
          'Give that secret in auth.secret or auth.previous_secrets.',
      );
    }
    return pinKey(row.id, row.algorithm as SigningAlgorithm, createSecretKey(secret));
  }
}

/** One key for each algorithm that the secret is long enough for, so that a changed algorithm logs nobody out. */
function keysOfSecret(secret: string): JwtKey[] {
  const bytes = Buffer.from(secret, 'utf8');
  const algorithms = Object.keys(HMAC_KEY_BYTES) as SigningAlgorithm[];
  return algorithms
    .filter((algorithm) => bytes.length >= HMAC_KEY_BYTES[algorithm])
    .map((algorithm) => keyOf(bytes, algorithm));
}

/** The id says nothing about the secret: a hash of a key derived from it. */
function keyOf(bytes: Buffer, algorithm: SigningAlgorithm): JwtKey {
  const id = sha256(deriveKey(bytes, `kid/${algorithm}`))
    .subarray(0, 9)
    .toString('base64url');
  return pinKey(id, algorithm, createSecretKey(bytes));
}
