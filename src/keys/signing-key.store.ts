import { Injectable } from '@nestjs/common';
import type { JwtAlgorithm } from '@latchkey/nest';
import { BackgroundDatabase } from '../database/background-database';
import type { Queryable, Statement } from '../database/database';
import type { KeyLife } from './key-life';
import { LockedSigningKeys } from './locked-signing-keys.store';

interface KeyRow {
  id: string;
  algorithm: JwtAlgorithm;
  configured: boolean;
  created_at: Date;
  signs_from: Date | null;
  signs_until: Date | null;
  published_until: Date | null;
  verifies_until: Date | null;
  retired_at: Date | null;
  last_signing_at: Date | null;
  sealed_by: string;
}

/** The bytes of a key, sealed. */
export interface SealedKey {
  readonly id: string;
  readonly sealed: Buffer;
}

const LOCK: Statement = {
  name: 'signing_key_lock',
  text: `SELECT pg_advisory_xact_lock(hashtextextended('latchkey/signing-keys', 0))`,
};

const LIVES: Statement = {
  name: 'signing_key_lives',
  text: `SELECT id, algorithm, configured, created_at, signs_from, signs_until, published_until, verifies_until, retired_at,
                last_signing_at, sealed_by
           FROM signing_keys ORDER BY created_at, id`,
};

const SEALED: Statement = {
  name: 'signing_key_sealed',
  text: 'SELECT id, sealed FROM signing_keys WHERE id = ANY($1) AND retired_at IS NULL',
};

/** Signing keys of the fleet, sealed. Has nothing to do with requests: it never takes a connection from one. */
@Injectable()
export class SigningKeyStore {
  constructor(private readonly database: BackgroundDatabase) {}

  /** Every key there ever was, oldest first. */
  lives(): Promise<KeyLife[]> {
    return livesIn(this.database);
  }

  sealed(ids: readonly string[]): Promise<SealedKey[]> {
    return this.database.rows<SealedKey>(SEALED, [ids]);
  }

  /** Runs `work` while no other process changes keys. */
  underLock<T>(work: (keys: LockedSigningKeys, lives: KeyLife[]) => Promise<T>): Promise<T> {
    return this.database.transaction(async (tx) => {
      await tx.rows(LOCK);
      return work(new LockedSigningKeys(tx), await livesIn(tx));
    });
  }
}

async function livesIn(queryable: Queryable): Promise<KeyLife[]> {
  return (await queryable.rows<KeyRow>(LIVES)).map(lifeOf);
}

function lifeOf(row: KeyRow): KeyLife {
  return {
    id: row.id,
    algorithm: row.algorithm,
    configured: row.configured,
    createdAt: row.created_at.getTime(),
    signsFrom: (row.signs_from ?? row.created_at).getTime(),
    signsUntil: row.signs_until?.getTime() ?? null,
    publishedUntil: row.published_until?.getTime() ?? null,
    verifiesUntil: row.verifies_until?.getTime() ?? null,
    retiredAt: row.retired_at?.getTime() ?? null,
    lastSigningAt: (row.last_signing_at ?? row.created_at).getTime(),
    sealedBy: row.sealed_by,
  };
}
