import { canonical, type AuditKeys, type CanonicalRow } from './audit-keys';

/** `events`: covers rows. `dropped`: says that the month's partition was dropped by age, so that its rows are rightly gone. */
export type SealKind = 'events' | 'dropped';

/** Transactions `from` up to, and without, `to`, on the server of this era. */
export interface SealedRange {
  readonly era: number;
  readonly from: string;
  readonly to: string;
}

/** One link of the chain. */
export interface Seal extends SealedRange {
  readonly seq: string;
  readonly kind: SealKind;
  /** `2026-11`, of UTC. */
  readonly month: string;
  readonly count: number;
  readonly rowsHash: Buffer;
  readonly previousHash: Buffer;
  readonly sealedAt: Date;
  readonly keyId: string;
  readonly hash: Buffer;
}

/** A row where it lies: its transaction belongs to what is sealed. */
export interface PlacedRow extends CanonicalRow {
  readonly transaction: string;
  readonly era: number;
  readonly keyId: string;
  readonly mac: Buffer;
}

export const NO_HASH = Buffer.alloc(0);
/** Higher than any transaction: the era is over. */
export const LAST_TRANSACTION = '18446744073709551615';

export type NewSeal = Omit<Seal, 'rowsHash' | 'hash' | 'keyId'> & { readonly rows: readonly PlacedRow[] };

export function sealOf({ rows, ...seal }: NewSeal, keys: AuditKeys): Seal {
  const rowsHash = keys.prove('rows', rowsText(rows));
  const unsigned = { ...seal, rowsHash, keyId: keys.currentId };
  return { ...unsigned, hash: keys.prove('seal', sealText(unsigned)) };
}

/** Order is that of transactions, then ids: the rows arrive in it. */
export function rowsText(rows: readonly PlacedRow[]): string {
  return rows.map((row) => `${row.transaction} ${row.keyId} ${row.mac.toString('hex')} ${canonical(row)}`).join('\n');
}

export function sealText(seal: Omit<Seal, 'hash'>): string {
  return JSON.stringify([
    seal.seq,
    seal.kind,
    seal.era,
    seal.from,
    seal.to,
    seal.month,
    seal.count,
    seal.rowsHash.toString('hex'),
    seal.previousHash.toString('hex'),
    seal.sealedAt.toISOString(),
    seal.keyId,
  ]);
}

export function headText(seq: string, hash: Buffer): string {
  return `${seq} ${hash.toString('hex')}`;
}

export function monthOf(occurredAt: string): string {
  return occurredAt.slice(0, 7);
}

export function byMonth(rows: readonly PlacedRow[]): Map<string, PlacedRow[]> {
  const months = new Map<string, PlacedRow[]>();
  for (const row of rows) {
    const month = monthOf(row.occurredAt);
    months.set(month, [...(months.get(month) ?? []), row]);
  }
  return months;
}
