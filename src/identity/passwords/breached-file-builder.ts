import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { ENTRY_BYTES, headerOf, HEADER_BYTES } from './breached-file';

const LINE = /^([0-9A-Fa-f]{40})(?::(\d{1,12}))?$/;
/** One for each first byte: a bucket of the whole public list has thirty megabytes. */
const BUCKETS = 256;
const FLUSH_BYTES = 65_536;

export interface BreachedFileOrder {
  /** Lines of `SHA1` or `SHA1:count`, in any order. */
  readonly from: string;
  readonly out: string;
  /** Fewest appearances that count. */
  readonly minCount: number;
}

/** Makes a list for `BreachedFile`; the number of its entries. What stood at `out` stays until the new one is whole. */
export async function buildBreachedFile({ from, out, minCount }: BreachedFileOrder): Promise<number> {
  const folder = await mkdtemp(path.join(path.dirname(path.resolve(out)), '.breached-'));
  try {
    const buckets = await sortIntoBuckets(from, folder, minCount);
    const whole = path.join(folder, 'list');
    const count = await joinBuckets(buckets, whole);
    if (count === 0) throw new Error(`${from} holds no hash`);
    await rename(whole, out);
    return count;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Bucket {
  private readonly pending = Buffer.alloc(FLUSH_BYTES);
  private used = 0;
  private readonly stream: WriteStream;

  constructor(readonly file: string) {
    this.stream = createWriteStream(file);
  }

  async add(entry: string): Promise<void> {
    this.used += this.pending.write(entry, this.used, 'hex');
    if (this.used === FLUSH_BYTES) await this.flush();
  }

  async end(): Promise<void> {
    await this.flush();
    this.stream.end();
    await finished(this.stream);
  }

  private async flush(): Promise<void> {
    const chunk = Buffer.from(this.pending.subarray(0, this.used));
    this.used = 0;
    if (!this.stream.write(chunk)) await once(this.stream, 'drain');
  }
}

async function sortIntoBuckets(from: string, folder: string, minCount: number): Promise<string[]> {
  const buckets = Array.from({ length: BUCKETS }, (_, first) => new Bucket(path.join(folder, String(first))));
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(from), crlfDelay: Infinity })) {
    number += 1;
    if (line === '') continue;
    const [, digits, count = minCount] = LINE.exec(line) ?? [];
    if (digits === undefined) throw new Error(`${from}, line ${number}: is no SHA-1 with a count`);
    if (Number(count) < minCount) continue;
    await (buckets[Number.parseInt(digits.slice(0, 2), 16)] as Bucket).add(digits.slice(0, ENTRY_BYTES * 2));
  }
  for (const bucket of buckets) await bucket.end();
  return buckets.map(({ file }) => file);
}

async function joinBuckets(buckets: readonly string[], whole: string): Promise<number> {
  const list = await open(whole, 'wx', 0o644);
  try {
    let count = 0;
    for (const bucket of buckets) count += await append(list, bucket, count);
    await list.write(headerOf(count), 0, HEADER_BYTES, 0);
    await list.sync();
    return count;
  } finally {
    await list.close();
  }
}

async function append(list: FileHandle, bucket: string, before: number): Promise<number> {
  const bytes = await readFile(bucket);
  await rm(bucket);
  const entries = new BigUint64Array(bytes.length / ENTRY_BYTES);
  for (let i = 0; i < entries.length; i += 1) entries[i] = bytes.readBigUInt64BE(i * ENTRY_BYTES);
  entries.sort();
  let count = 0;
  for (const [place, entry] of entries.entries()) {
    if (place > 0 && entry === entries[place - 1]) continue;
    bytes.writeBigUInt64BE(entry, count * ENTRY_BYTES);
    count += 1;
  }
  await list.write(bytes, 0, count * ENTRY_BYTES, HEADER_BYTES + before * ENTRY_BYTES);
  return count;
}
