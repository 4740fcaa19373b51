import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import type { BreachedPasswords } from './breached-passwords';

/**
 * The file: a header of 32 bytes (mark, version, bytes of an entry, number of entries, check of these), then the first
 * eight bytes of each SHA-1, ascending, none twice. Numbers are big-endian.
 */
export const ENTRY_BYTES = 8;
export const HEADER_BYTES = 32;

const MARK = Buffer.from('LKBREACH');
const VERSION = 1;
const CHECKED_BYTES = 24;
const BLOCK_ENTRIES = 512;
const PROBES = 256;
/** Hashes are spread evenly, so that the place of one is nearly known; the rest of the way is halved. */
const GUESSES = 8;
const ALL = 2n ** 64n;

/** Places that are left, and the entries between which they lie. */
interface SearchRange {
  readonly low: number;
  readonly high: number;
  readonly above: bigint;
  readonly below: bigint;
}

export function headerOf(count: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MARK.copy(header);
  header.writeUInt32BE(VERSION, 8);
  header.writeUInt32BE(ENTRY_BYTES, 12);
  header.writeBigUInt64BE(BigInt(count), 16);
  checkOf(header).copy(header, CHECKED_BYTES);
  return header;
}

/** Breached passwords in a file, found with a few short reads: nothing is kept in memory. */
export class BreachedFile implements BreachedPasswords {
  private constructor(
    private readonly handle: FileHandle,
    readonly count: number,
  ) {}

  /** Rejects when the file is not one that `latchkey passwords breached-file` made, or is damaged. */
  static async open(path: string): Promise<BreachedFile> {
    const handle = await open(path, 'r');
    try {
      const file = new BreachedFile(handle, await readCount(handle));
      await file.probe();
      return file;
    } catch (cause) {
      await handle.close();
      throw new Error(`The list of breached passwords cannot be used: ${path} ${(cause as Error).message}`, { cause });
    }
  }

  async includes(sha1: Buffer): Promise<boolean> {
    const wanted = sha1.readBigUInt64BE();
    let range: SearchRange = { low: 0, high: this.count, above: 0n, below: ALL };
    for (let step = 0; range.low < range.high; step += 1) {
      const { low, high } = range;
      const middle = step < GUESSES ? placeIn(range, wanted) : Math.floor((low + high) / 2);
      const start = Math.max(low, Math.min(middle - BLOCK_ENTRIES / 2, high - BLOCK_ENTRIES));
      const entries = await this.entries(start, Math.min(BLOCK_ENTRIES, high - start));
      const [first, last] = [entries[0] as bigint, entries.at(-1) as bigint];
      if (wanted >= first && wanted <= last) return entries.includes(wanted);
      if (wanted < first) range = { ...range, high: start, below: first };
      else range = { ...range, low: start + entries.length, above: last };
    }
    return false;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private async entries(start: number, count: number): Promise<bigint[]> {
    const block = Buffer.alloc(count * ENTRY_BYTES);
    const { bytesRead } = await this.handle.read(block, 0, block.length, HEADER_BYTES + start * ENTRY_BYTES);
    if (bytesRead !== block.length) throw Object.assign(new Error('has been cut'), { code: 'list_cut' });
    return Array.from({ length: count }, (_, index) => block.readBigUInt64BE(index * ENTRY_BYTES));
  }

  /** Entries that do not ascend would hide what the list holds. */
  private async probe(): Promise<void> {
    let before = -1n;
    for (let probe = 0; probe < Math.min(PROBES, this.count); probe += 1) {
      const place = Math.floor((probe * this.count) / Math.min(PROBES, this.count));
      const [entry] = (await this.entries(place, 1)) as [bigint];
      if (entry <= before) throw new Error('is damaged: its entries do not ascend');
      before = entry;
    }
  }
}

function placeIn({ low, high, above, below }: SearchRange, wanted: bigint): number {
  return low + Number((BigInt(high - low) * (wanted - above)) / (below - above));
}

async function readCount(handle: FileHandle): Promise<number> {
  const header = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0);
  if (bytesRead < HEADER_BYTES || !header.subarray(0, MARK.length).equals(MARK)) {
    throw new Error('is no such list: `latchkey passwords breached-file` makes one');
  }
  if (header.readUInt32BE(8) !== VERSION) throw new Error('is of another version: make it again');
  const count = Number(header.readBigUInt64BE(16));
  const isWhole = checkOf(header).equals(header.subarray(CHECKED_BYTES)) && header.readUInt32BE(12) === ENTRY_BYTES;
  const { size } = await handle.stat();
  if (!isWhole || size !== HEADER_BYTES + count * ENTRY_BYTES) throw new Error('is damaged: make it again');
  return count;
}

function checkOf(header: Buffer): Buffer {
  const digest = createHash('sha256').update(header.subarray(0, CHECKED_BYTES)).digest();
  return digest.subarray(0, HEADER_BYTES - CHECKED_BYTES);
}
