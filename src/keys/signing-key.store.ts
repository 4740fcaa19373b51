import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database';

export interface SigningKeyRow {
  id: string;
  algorithm: string;
  sealed: Buffer;
  sealed_by: string;
}

export interface NewSigningKey {
  readonly id: string;
  readonly algorithm: string;
  readonly sealed: Buffer;
  readonly sealedBy: string;
  readonly now: Date;
}

const LOCK: Statement = {
  name: 'signing_key_lock',
  text: `SELECT pg_advisory_xact_lock(hashtextextended('latchkey/signing-keys', 0))`,
};

const LIST: Statement = {
  name: 'signing_key_list',
  text: 'SELECT id, algorithm, sealed, sealed_by FROM signing_keys WHERE retired_at IS NULL ORDER BY created_at DESC',
};

const INSERT: Statement = {
  name: 'signing_key_insert',
  text: 'INSERT INTO signing_keys (id, algorithm, sealed, sealed_by, created_at) VALUES ($1, $2, $3, $4, $5)',
};

/** Signing keys that the service made itself, sealed. */
@Injectable()
export class SigningKeyStore {
  constructor(private readonly database: Database) {}

  /** Keys in use, newest first. */
  list(): Promise<SigningKeyRow[]> {
    return this.database.rows<SigningKeyRow>(LIST);
  }

  /** Keeps `make()` unless a key of that algorithm is there: one key, however many processes start at once. */
  async ensure(algorithm: string, make: () => NewSigningKey): Promise<void> {
    await this.database.transaction(async (tx) => {
      await tx.rows(LOCK);
      const known = await tx.rows<SigningKeyRow>(LIST);
      if (known.some((key) => key.algorithm === algorithm)) return;
      const key = make();
      await tx.rows(INSERT, [key.id, key.algorithm, key.sealed, key.sealedBy, key.now]);
    });
  }
}
