import { Injectable } from '@nestjs/common';
import { BackgroundDatabase } from '../database/background-database';
import type { Queryable, Statement } from '../database/database';
import { AUDIT_COLUMNS, auditRow, type AuditRecord } from './audit-record';
import type { PlacedRow, Seal, SealedRange } from './audit-seal';

/** The last seal, as the table's one row says. */
export interface ChainHead {
  readonly seq: string;
  readonly hash: Buffer;
  readonly keyId: string;
  readonly mac: Buffer;
}

/** `cut`: there is more behind it. */
export type DueRange = SealedRange & { readonly cut: boolean };

type PlacedRecord = Omit<AuditRecord, 'occurred_at'> & {
  readonly occurred_at: string;
  readonly transaction: string;
  readonly era: number;
  readonly key_id: string;
  readonly mac: Buffer;
};

interface SealRecord extends Omit<Seal, 'rowsHash' | 'previousHash' | 'sealedAt' | 'keyId' | 'count'> {
  readonly event_count: string;
  readonly rows_hash: Buffer;
  readonly previous_hash: Buffer;
  readonly sealed_at: Date;
  readonly key_id: string;
}

// In the text that is proven: a Date would round the microseconds that somebody else may have written.
const PLACED = `${AUDIT_COLUMNS.replace(
  'occurred_at',
  `to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at`,
)}, transaction_id::text AS transaction, era, key_id, mac`;

const SEAL = `seq, kind, era, from_transaction::text AS "from", to_transaction::text AS "to", month, event_count, rows_hash,
              previous_hash, sealed_at, key_id, hash`;

// Who holds the head's row seals; whoever comes meanwhile goes away. The lock ends with the transaction, so that nobody
// can go on sealing who has lost it.
const HOLD: Statement = {
  name: 'audit_chain_hold',
  text: 'SELECT seq, hash, key_id AS "keyId", mac FROM audit_chain WHERE id = 1 FOR UPDATE SKIP LOCKED',
};

const WAIT_AND_HOLD: Statement = {
  name: 'audit_chain_wait',
  text: 'SELECT seq, hash, key_id AS "keyId", mac FROM audit_chain WHERE id = 1 FOR UPDATE',
};

const HEAD: Statement = {
  name: 'audit_chain_head',
  text: 'SELECT seq, hash, key_id AS "keyId", mac FROM audit_chain WHERE id = 1',
};

const MOVE_HEAD: Statement = {
  name: 'audit_chain_move',
  text: 'UPDATE audit_chain SET seq = $1, hash = $2, key_id = $3, mac = $4 WHERE id = 1',
};

const LAST_RANGE: Statement = {
  name: 'audit_last_range',
  text: `SELECT era, to_transaction::text AS "to", (SELECT max(era) FROM audit_eras) AS current
           FROM audit_seals WHERE kind = 'events' ORDER BY seq DESC LIMIT 1`,
};

const ERA: Statement = { name: 'audit_era', text: 'SELECT max(era) AS era FROM audit_eras' };

// Below the horizon every transaction has ended: no row can still appear there. Long batches end between transactions.
const HORIZON: Statement = {
  name: 'audit_horizon',
  text: `WITH horizon AS (SELECT CASE WHEN $3::boolean THEN '18446744073709551615'::xid8
                                      ELSE pg_snapshot_xmin(pg_current_snapshot()) END AS edge),
              due AS (SELECT transaction_id FROM audit_events, horizon
                       WHERE era = $1 AND transaction_id >= $2::text::xid8 AND transaction_id < edge
                       ORDER BY transaction_id LIMIT $4)
         SELECT (SELECT count(*)::integer FROM due) AS due, (SELECT edge::text FROM horizon) AS edge,
                (SELECT transaction_id::text FROM due ORDER BY transaction_id DESC LIMIT 1) AS last,
                (SELECT transaction_id::text FROM due ORDER BY transaction_id LIMIT 1) AS first`,
};

const ROWS: Statement = {
  name: 'audit_sealed_rows',
  text: `SELECT ${PLACED} FROM audit_events
          WHERE era = $1 AND transaction_id >= $2::text::xid8 AND transaction_id < $3::text::xid8
          ORDER BY transaction_id, id`,
};

const ADD: Statement = {
  name: 'audit_seal_add',
  text: `INSERT INTO audit_seals (seq, kind, era, from_transaction, to_transaction, month, event_count, rows_hash,
                                  previous_hash, sealed_at, key_id, hash)
         VALUES ($1, $2, $3, $4::text::xid8, $5::text::xid8, $6, $7, $8, $9, $10, $11, $12)`,
};

const SEALS_AFTER: Statement = {
  name: 'audit_seals_after',
  text: `SELECT ${SEAL} FROM audit_seals s WHERE seq > $1 ORDER BY s.seq LIMIT $2`,
};

const DROPS: Statement = {
  name: 'audit_drops',
  text: `SELECT month, max(seq) AS seq FROM audit_seals WHERE kind = 'dropped' GROUP BY month`,
};

// Whatever no seal covers: new rows, and rows that claim an era which never was.
const UNSEALED: Statement = {
  name: 'audit_unsealed',
  text: `SELECT ${PLACED} FROM audit_events
          WHERE (era > $1 OR era < 1 OR (era = $1 AND transaction_id >= $2::text::xid8))
            AND ($3::text IS NULL OR (transaction_id, id) > ($3::text::xid8, $4::uuid))
          ORDER BY transaction_id, id LIMIT $5`,
};

/** Seals, the head of their chain, and the rows below them. */
@Injectable()
export class AuditChainStore {
  constructor(private readonly database: BackgroundDatabase) {}

  /** Runs `work` while nobody else seals; null, at once, when somebody does. */
  alone<T>(work: (tx: Queryable, head: ChainHead) => Promise<T>): Promise<T | null> {
    return this.database.transaction(async (tx) => {
      const head = await tx.first<ChainHead>(HOLD);
      return head && work(tx, head);
    });
  }

  /** As a part of a transaction: waits for whoever seals. */
  async hold(tx: Queryable): Promise<ChainHead> {
    const head = await tx.first<ChainHead>(WAIT_AND_HOLD);
    if (!head) throw new Error('The row of audit_chain is missing');
    return head;
  }

  head(): Promise<ChainHead | null> {
    return this.database.first<ChainHead>(HEAD);
  }

  /** Where the next seal begins, and the era of new rows. */
  async place(tx: Queryable = this.database): Promise<{ era: number; to: string; current: number }> {
    const last = await tx.first<{ era: number; to: string; current: number }>(LAST_RANGE);
    if (last) return last;
    const current = (await tx.first<{ era: number }>(ERA))?.era ?? 1;
    return { era: 1, to: '0', current };
  }

  /** The next range of at most about `limit` rows; null when there is nothing to seal. */
  async due(tx: Queryable, from: string, era: number, ended: boolean, limit: number): Promise<DueRange | null> {
    const found = await tx.first<{ due: number; edge: string; last: string; first: string }>(HORIZON, [
      era,
      from,
      ended,
      limit + 1,
    ]);
    if (!found || (found.due === 0 && !ended)) return null;
    if (found.due <= limit) return { era, from, to: found.edge, cut: false };
    // One transaction is never cut in two, whatever its size.
    const to = found.first === found.last ? String(BigInt(found.last) + 1n) : found.last;
    return { era, from, to, cut: true };
  }

  async rowsIn({ era, from, to }: SealedRange, tx: Queryable = this.database): Promise<PlacedRow[]> {
    return (await tx.rows<PlacedRecord>(ROWS, [era, from, to])).map(placed);
  }

  async add(tx: Queryable, seal: Seal): Promise<void> {
    const { seq, kind, era, from, to, month, count, rowsHash, previousHash, sealedAt, keyId, hash } = seal;
    const range = [seq, kind, era, from, to, month, count];
    await tx.rows(ADD, [...range, rowsHash, previousHash, sealedAt, keyId, hash]);
  }

  async moveHead(tx: Queryable, { seq, hash, keyId, mac }: ChainHead): Promise<void> {
    await tx.rows(MOVE_HEAD, [seq, hash, keyId, mac]);
  }

  async sealsAfter(seq: string, limit: number): Promise<Seal[]> {
    return (await this.database.rows<SealRecord>(SEALS_AFTER, [seq, limit])).map(sealRow);
  }

  /** Months whose partitions were dropped by age, and the seal that says so last. */
  async drops(): Promise<Map<string, bigint>> {
    const rows = await this.database.rows<{ month: string; seq: string }>(DROPS);
    return new Map(rows.map(({ month, seq }) => [month, BigInt(seq)]));
  }

  async unsealed(place: { era: number; to: string }, after: PlacedRow | null, limit: number): Promise<PlacedRow[]> {
    const values = [place.era, place.to, after?.transaction ?? null, after?.id ?? null, limit];
    return (await this.database.rows<PlacedRecord>(UNSEALED, values)).map(placed);
  }
}

function placed({ occurred_at, transaction, era, key_id: keyId, mac, ...record }: PlacedRecord): PlacedRow {
  const row = auditRow({ ...record, occurred_at: new Date(0) });
  return { ...row, occurredAt: occurred_at, transaction, era, keyId, mac };
}

function sealRow({ event_count, rows_hash, previous_hash, sealed_at, key_id, ...seal }: SealRecord): Seal {
  const facts = { rowsHash: rows_hash, previousHash: previous_hash, sealedAt: sealed_at, keyId: key_id };
  return { ...seal, ...facts, count: Number(event_count) };
}
