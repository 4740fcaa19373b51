import { Injectable } from '@nestjs/common';
import { digestsMatch } from '../common/digest';
import { AuditChainStore, type ChainHead } from './audit-chain.store';
import { AuditKeys, canonical } from './audit-keys';
import {
  byMonth,
  headText,
  LAST_TRANSACTION,
  NO_HASH,
  rowsText,
  sealText,
  type PlacedRow,
  type Seal,
} from './audit-seal';

/** Why the chain does not hold, at its first broken place. */
export type BreakKind =
  | 'seal_missing'
  | 'seal_changed'
  | 'rows_changed'
  | 'rows_missing'
  | 'rows_added'
  | 'row_forged'
  | 'end_missing'
  | 'head_unknown'
  | 'key_unknown';

export interface AuditBreak {
  readonly kind: BreakKind;
  /** The seal, where it is one. */
  readonly seal: string | null;
  readonly month: string | null;
  readonly detail: string;
}

export interface AuditVerdict {
  readonly broken: AuditBreak | null;
  readonly seals: number;
  /** Rows that were read and hold. */
  readonly events: number;
  /** Rows that retention has dropped since they were sealed. */
  readonly dropped: number;
  readonly unsealed: number;
  /** To be kept outside of the database, and given to a later check. */
  readonly head: string;
}

class Broken extends Error {
  constructor(readonly found: AuditBreak) {
    super(found.detail);
  }
}

const PAGE = 500;
const FIRST_RANGE = { era: 1, to: '0' };

interface Progress {
  seals: number;
  events: number;
  dropped: number;
  unsealed: number;
  seq: bigint;
  hash: Buffer;
  range: { era: number; to: string };
  /** Ends of the chain that must still be met. */
  awaited: Set<string>;
}

/** Checks the chain and every row below it. Reads only, page by page. */
@Injectable()
export class AuditVerifier {
  constructor(
    private readonly chain: AuditChainStore,
    private readonly keys: AuditKeys,
  ) {}

  /** `head`: what an earlier check answered; the chain must still contain it. */
  async verify(head?: string): Promise<AuditVerdict> {
    const done: Progress = {
      ...{ seals: 0, events: 0, dropped: 0, unsealed: 0, seq: 0n, hash: NO_HASH, range: FIRST_RANGE },
      awaited: new Set(head === undefined ? [] : [head]),
    };
    done.awaited.delete(headOf('0', NO_HASH));
    const broken = await this.walk(done, head).then(
      () => null,
      (error: unknown) => {
        if (error instanceof Broken) return error.found;
        throw error;
      },
    );
    const { seals, events, dropped, unsealed, seq, hash } = done;
    return { broken, seals, events, dropped, unsealed, head: headOf(String(seq), hash) };
  }

  private async walk(done: Progress, head: string | undefined): Promise<void> {
    const end = await this.chain.head();
    const drops = await this.chain.drops();
    if (end && BigInt(end.seq) > 0n) done.awaited.add(headOf(end.seq, end.hash));
    for await (const range of this.ranges(done)) await this.checkRange(range, done, drops);
    this.checkEnd(end, done);
    if (head !== undefined && done.awaited.has(head)) {
      throw broken('head_unknown', null, `The chain does not contain ${head}: it was cut off or made anew`);
    }
    await this.checkUnsealed(done);
  }

  private checkEnd(end: ChainHead | null, done: Progress): void {
    if (!end || BigInt(end.seq) > done.seq) {
      throw broken('end_missing', null, `The chain ends at seal ${done.seq}, and seal ${end?.seq ?? '?'} was its last`);
    }
    if (BigInt(end.seq) === 0n && done.seq === 0n) return;
    if (!this.keys.holds(end.keyId, end.mac, 'head', headText(end.seq, end.hash))) {
      throw broken('end_missing', null, 'The record of where the chain ends was changed');
    }
    if (done.awaited.has(headOf(end.seq, end.hash))) {
      throw broken('end_missing', null, 'The record of where the chain ends names another seal');
    }
  }

  /** Seals one after the other, each proven; those of one range together. */
  private async *ranges(done: Progress): AsyncGenerator<Seal[]> {
    let range: Seal[] = [];
    for (;;) {
      const page = await this.chain.sealsAfter(String(done.seq), PAGE);
      for (const seal of page) {
        this.checkSeal(seal, done);
        if (range[0] && !sameRange(range[0], seal)) {
          yield range;
          range = [];
        }
        range.push(seal);
      }
      if (page.length < PAGE) break;
    }
    if (range.length > 0) yield range;
  }

  private checkSeal(seal: Seal, done: Progress): void {
    if (BigInt(seal.seq) !== done.seq + 1n) {
      throw broken('seal_missing', null, `Seal ${done.seq + 1n} is missing`);
    }
    const holds = this.keys.holds(seal.keyId, seal.hash, 'seal', sealText(seal));
    if (holds === null) {
      throw broken(
        'key_unknown',
        seal,
        `Seal ${seal.seq} was made with the root key ${seal.keyId}: add it to auth.previous_secrets`,
      );
    }
    if (!holds || !digestsMatch(seal.previousHash, done.hash))
      throw broken('seal_changed', seal, `Seal ${seal.seq} was changed`);
    done.seals += 1;
    done.seq = BigInt(seal.seq);
    done.hash = seal.hash;
    done.awaited.delete(headOf(seal.seq, seal.hash));
  }

  private async checkRange(seals: readonly Seal[], done: Progress, drops: Map<string, bigint>): Promise<void> {
    const [first] = seals as [Seal];
    if (first.kind === 'dropped') return;
    const rows = byMonth(await this.chain.rowsIn(first));
    for (const seal of seals) {
      const part = rows.get(seal.month) ?? [];
      rows.delete(seal.month);
      if (part.length === 0 && seal.count > 0 && (await this.wasDropped(seal, drops))) done.dropped += seal.count;
      else this.checkRows(seal, part, done);
    }
    const [stray] = rows.keys();
    if (stray !== undefined) {
      throw broken('rows_added', first, `Rows of ${stray} were added below seal ${first.seq} after it was made`);
    }
    done.range = { era: first.era, to: first.to };
  }

  /** Asked again before it is denied: the month may have been dropped since this check began. */
  private async wasDropped({ month, seq }: Seal, drops: Map<string, bigint>): Promise<boolean> {
    if ((drops.get(month) ?? 0n) > BigInt(seq)) return true;
    return ((await this.chain.drops()).get(month) ?? 0n) > BigInt(seq);
  }

  private checkRows(seal: Seal, rows: readonly PlacedRow[], done: Progress): void {
    if (rows.length !== seal.count) {
      const kind = rows.length < seal.count ? 'rows_missing' : 'rows_added';
      throw broken(
        kind,
        seal,
        `Seal ${seal.seq} covers ${seal.count} rows of ${seal.month}, and ${rows.length} are there`,
      );
    }
    if (!this.keys.holds(seal.keyId, seal.rowsHash, 'rows', rowsText(rows))) {
      throw broken('rows_changed', seal, `Rows below seal ${seal.seq} were changed`);
    }
    this.checkMacs(rows, seal);
    done.events += rows.length;
  }

  private async checkUnsealed(done: Progress): Promise<void> {
    const over = done.range.to === LAST_TRANSACTION;
    const place = over ? { era: done.range.era + 1, to: '0' } : done.range;
    for (let after: PlacedRow | null = null; ;) {
      const rows: PlacedRow[] = await this.chain.unsealed(place, after, PAGE);
      this.checkMacs(rows, null);
      done.unsealed += rows.length;
      after = rows.at(-1) ?? null;
      if (rows.length < PAGE) return;
    }
  }

  private checkMacs(rows: readonly PlacedRow[], seal: Seal | null): void {
    for (const row of rows) {
      const holds = this.keys.holds(row.keyId, row.mac, 'row', canonical(row));
      if (holds) continue;
      const detail = `The row ${row.id} of ${row.occurredAt} (${row.event}) was not written so by this service`;
      if (holds === false) throw broken('row_forged', seal, detail);
      throw broken(
        'key_unknown',
        seal,
        `The row ${row.id} was made with the root key ${row.keyId}: add it to auth.previous_secrets`,
      );
    }
  }
}

function sameRange(a: Seal, b: Seal): boolean {
  return a.kind === b.kind && a.era === b.era && a.from === b.from && a.to === b.to;
}

function headOf(seq: string, hash: Buffer): string {
  return `${seq}:${hash.toString('hex')}`;
}

function broken(kind: BreakKind, seal: Seal | null, detail: string): Broken {
  return new Broken({ kind, seal: seal?.seq ?? null, month: seal?.month ?? null, detail });
}
