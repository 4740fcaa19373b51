import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import type { Queryable } from '../database/database';
import { AuditChainStore, type ChainHead } from './audit-chain.store';
import { AuditKeys, canonical } from './audit-keys';
import {
  byMonth,
  headText,
  LAST_TRANSACTION,
  monthOf,
  sealOf,
  type NewSeal,
  type PlacedRow,
  type SealedRange,
} from './audit-seal';

/** Rows of one range, about. */
const RANGE_ROWS = 5_000;

type Link = Pick<NewSeal, 'kind' | 'month' | 'rows' | 'count'> & SealedRange;

/** Adds to the chain of seals, in one process at a time. */
@Injectable()
export class AuditSealer {
  /** The end of the chain as this process saw it last: it cannot be taken back without being missed here. */
  private seen = 0n;

  constructor(
    private readonly chain: AuditChainStore,
    private readonly keys: AuditKeys,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  /** Seals all that is committed; answers how many events. Null: another process is at it. */
  async seal(): Promise<number | null> {
    let sealed = 0;
    for (;;) {
      const range = await this.chain.alone((tx, head) => this.sealRange(tx, head));
      if (range === null) return sealed === 0 ? null : sealed;
      sealed += range.rows.length;
      this.tellOfForgeries(range.rows);
      if (!range.more) return sealed;
    }
  }

  /** As a part of the transaction that drops a month's partition: its rows are rightly gone. */
  async sealDrop(tx: Queryable, month: string, count: number): Promise<void> {
    const head = await this.chain.hold(tx);
    const { era, to } = await this.chain.place(tx);
    await this.add(tx, head, { kind: 'dropped', era, from: to, to, month, count, rows: [] });
  }

  private async sealRange(tx: Queryable, head: ChainHead): Promise<{ rows: PlacedRow[]; more: boolean }> {
    this.watch(head);
    const place = await this.chain.place(tx);
    // A range that ends the era was its last: the next one begins with the first transaction of the new server.
    const over = place.to === LAST_TRANSACTION;
    const era = over ? place.era + 1 : place.era;
    const range = await this.chain.due(tx, over ? '0' : place.to, era, era < place.current, RANGE_ROWS);
    if (!range) return { rows: [], more: false };
    const rows = await this.chain.rowsIn(range, tx);
    await this.addRange(tx, head, range, rows);
    return { rows, more: range.cut || era < place.current };
  }

  private async addRange(tx: Queryable, head: ChainHead, range: SealedRange, rows: PlacedRow[]): Promise<void> {
    const months = byMonth(rows);
    if (months.size === 0) months.set(monthOf(this.clock.date().toISOString()), []);
    let last = head;
    for (const [month, part] of months) {
      const { era, from, to } = range;
      last = await this.add(tx, last, { kind: 'events', era, from, to, month, count: part.length, rows: part });
    }
  }

  private async add(tx: Queryable, { seq: before, hash: previousHash }: ChainHead, link: Link): Promise<ChainHead> {
    const seq = String(BigInt(before) + 1n);
    const seal = sealOf({ ...link, seq, previousHash, sealedAt: this.clock.date() }, this.keys);
    await this.chain.add(tx, seal);
    const { hash, keyId } = seal;
    const head = { seq, hash, keyId, mac: this.keys.prove('head', headText(seq, hash)) };
    await this.chain.moveHead(tx, head);
    return head;
  }

  private watch({ seq }: ChainHead): void {
    if (BigInt(seq) < this.seen) {
      this.events.record('audit_tampered', { reason: `the chain ended at ${this.seen} and now ends at ${seq}` });
    }
    this.seen = BigInt(seq);
  }

  private tellOfForgeries(rows: readonly PlacedRow[]): void {
    const forged = rows.filter((row) => this.keys.holds(row.keyId, row.mac, 'row', canonical(row)) === false);
    if (forged.length === 0) return;
    this.events.record('audit_tampered', {
      reason: 'rows that no process of this service wrote',
      count: forged.length,
    });
  }
}
