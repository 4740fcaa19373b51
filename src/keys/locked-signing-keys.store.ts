import type { JwtAlgorithm } from '@latchkey/nest';
import type { Queryable, Statement } from '../database/database';

export interface NewSigningKey {
  readonly id: string;
  readonly algorithm: JwtAlgorithm;
  readonly configured: boolean;
  readonly sealed: Buffer;
  readonly sealedBy: string;
  readonly createdAt: number;
  readonly signsFrom: number;
}

/** Until when tokens live that were signed up to now. Milliseconds since the epoch. */
export interface TokenEnds {
  readonly access: number;
  readonly refresh: number;
}

const INSERT: Statement = {
  name: 'signing_key_insert',
  text: `INSERT INTO signing_keys (id, algorithm, configured, sealed, sealed_by, created_at, signs_from, last_signing_at)
         VALUES ($1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz, GREATEST($6::timestamptz, $7::timestamptz))`,
};

const SIGN_AT: Statement = {
  name: 'signing_key_sign_at',
  text: `UPDATE signing_keys SET signs_from = $2, signs_until = NULL, published_until = NULL, verifies_until = NULL, last_signing_at = $2
          WHERE id = $1`,
};

const SUPERSEDE: Statement = {
  name: 'signing_key_supersede',
  text: `UPDATE signing_keys SET signs_until = $3
          WHERE algorithm = $1 AND id <> $2 AND NOT configured AND retired_at IS NULL AND (signs_until IS NULL OR signs_until > $3)`,
};

const USED: Statement = {
  name: 'signing_key_used',
  text: 'UPDATE signing_keys SET last_signing_at = GREATEST(last_signing_at, $2) WHERE id = $1',
};

const END_UNUSED: Statement = {
  name: 'signing_key_end_unused',
  text: `UPDATE signing_keys SET signs_until = $1
          WHERE signs_until IS NULL AND retired_at IS NULL AND coalesce(last_signing_at, created_at) < $2`,
};

// The longest expiry that any process has recorded, not today's settings: they may have been longer.
const SETTLE: Statement = {
  name: 'signing_key_settle',
  text: `UPDATE signing_keys SET published_until = GREATEST(i.access_horizon, $2),
                                 verifies_until = GREATEST(i.access_horizon, i.login_horizon, $3)
           FROM instance i WHERE signs_until <= $1 AND published_until IS NULL AND retired_at IS NULL`,
};

// What is destroyed cannot be had back: a clock that runs ahead of the database's must not decide it.
const RETIRE: Statement = {
  name: 'signing_key_retire',
  text: `UPDATE signing_keys SET retired_at = $1, sealed = ''
          WHERE retired_at IS NULL AND (id = $2 OR verifies_until <= LEAST($1::timestamptz, statement_timestamp())) RETURNING id`,
};

const RESEAL: Statement = {
  name: 'signing_key_reseal',
  text: 'UPDATE signing_keys SET sealed = $2, sealed_by = $3 WHERE id = $1 AND retired_at IS NULL',
};

/** Changes of keys, inside the one transaction that may make them. */
export class LockedSigningKeys {
  constructor(private readonly tx: Queryable) {}

  /** Every other key of its algorithm that the service made stops to sign when this one begins. */
  async insert(key: NewSigningKey): Promise<void> {
    const { id, algorithm, configured, sealed, sealedBy } = key;
    const times = [new Date(key.createdAt), new Date(key.signsFrom)];
    await this.tx.rows(INSERT, [id, algorithm, configured, sealed, sealedBy, ...times]);
    if (!configured) await this.supersede(key, key.signsFrom);
  }

  /** Makes a known key sign from then on, whatever was planned for it. */
  async signAt(key: Pick<NewSigningKey, 'id' | 'algorithm' | 'configured'>, at: number): Promise<void> {
    await this.tx.rows(SIGN_AT, [key.id, new Date(at)]);
    if (!key.configured) await this.supersede(key, at);
  }

  async recordUse(id: string, now: number): Promise<void> {
    await this.tx.rows(USED, [id, new Date(now)]);
  }

  /** Ends keys that no process has signed with since. */
  async endUnused(now: number, since: number): Promise<void> {
    await this.tx.rows(END_UNUSED, [new Date(now), new Date(since)]);
  }

  /** Fixes the ends of keys that have stopped to sign; `atLeast` is what this process alone would say. */
  async settle(now: number, atLeast: TokenEnds): Promise<void> {
    await this.tx.rows(SETTLE, [new Date(now), new Date(atLeast.access), new Date(atLeast.refresh)]);
  }

  /** Destroys the bytes of this key, and of all whose time is over; the ids stay, and stay refused. */
  async retire(now: number, id: string | null = null): Promise<string[]> {
    return (await this.tx.rows<{ id: string }>(RETIRE, [new Date(now), id])).map((row) => row.id);
  }

  async reseal(id: string, sealed: Buffer, sealedBy: string): Promise<void> {
    await this.tx.rows(RESEAL, [id, sealed, sealedBy]);
  }

  private async supersede({ id, algorithm }: Pick<NewSigningKey, 'id' | 'algorithm'>, at: number): Promise<void> {
    await this.tx.rows(SUPERSEDE, [algorithm, id, new Date(at)]);
  }
}
