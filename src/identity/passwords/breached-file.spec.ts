import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BreachedFile, headerOf, HEADER_BYTES } from './breached-file';
import { buildBreachedFile } from './breached-file-builder';

const hashOf = (word: string) => createHash('sha1').update(word).digest();
const COUNT = 10_000;

describe('a file of breached passwords', () => {
  let folder: string;
  let from: string;
  let out: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'latchkey-breached-'));
    from = path.join(folder, 'hashes.txt');
    out = path.join(folder, 'list.bin');
    const lines = Array.from({ length: COUNT }, (_, i) => `${hashOf(`word ${i}`).toString('hex')}:${i + 1}`);
    writeFileSync(from, `${[...lines, lines[7]!.toUpperCase()].join('\r\n')}\r\n`);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const build = (minCount = 1) => buildBreachedFile({ from, out, minCount });

  it('holds every hash of the list once, and no other', async () => {
    expect(await build()).toBe(COUNT);
    const file = await BreachedFile.open(out);
    const known = await Promise.all(
      Array.from({ length: COUNT / 50 }, (_, i) => file.includes(hashOf(`word ${i * 50}`))),
    );
    const unknown = await Promise.all(Array.from({ length: 100 }, (_, i) => file.includes(hashOf(`other ${i}`))));
    await file.close();
    expect(known.every(Boolean)).toBe(true);
    expect(unknown.some(Boolean)).toBe(false);
  });

  it('finds the first and the last of them, and what lies beyond', async () => {
    await build();
    const entries = readFileSync(out).subarray(HEADER_BYTES);
    const file = await BreachedFile.open(out);
    const ask = (entry: Buffer) => file.includes(Buffer.concat([entry, Buffer.alloc(12)]));
    expect(await ask(entries.subarray(0, 8))).toBe(true);
    expect(await ask(entries.subarray(-8))).toBe(true);
    expect(await ask(Buffer.alloc(8))).toBe(false);
    expect(await ask(Buffer.alloc(8, 0xff))).toBe(false);
    await file.close();
  });

  it('finds what is crowded together', async () => {
    const near = Array.from(
      { length: 3_000 },
      (_, i) => `00000000${(i * 2).toString(16).padStart(8, '0')}${'0'.repeat(24)}`,
    );
    const crowded = path.join(folder, 'crowded.txt');
    writeFileSync(crowded, near.join('\n'));
    await buildBreachedFile({ from: crowded, out, minCount: 1 });
    const file = await BreachedFile.open(out);
    for (const place of [0, 1_499, 2_999]) expect(await file.includes(Buffer.from(near[place]!, 'hex'))).toBe(true);
    expect(await file.includes(Buffer.from(`0000000000000003${'0'.repeat(24)}`, 'hex'))).toBe(false);
    await file.close();
  });

  it('leaves out what appeared too rarely', async () => {
    expect(await build(COUNT - 9)).toBe(10);
  });

  it('is not replaced by a list that cannot be read', async () => {
    await build();
    const before = readFileSync(out);
    const bad = path.join(folder, 'bad.txt');
    writeFileSync(bad, `${'a'.repeat(40)}:1\nhunter2\n`);
    await expect(buildBreachedFile({ from: bad, out, minCount: 1 })).rejects.toThrow('line 2: is no SHA-1');
    expect(readFileSync(out)).toEqual(before);
  });

  it.each<[string, (file: Buffer) => Buffer, string]>([
    ['empty', () => Buffer.alloc(0), 'no such list'],
    ['something else', () => Buffer.alloc(4_096, 'x'), 'no such list'],
    ['cut', (file) => file.subarray(0, -8), 'damaged'],
    ['longer than it says', (file) => Buffer.concat([file, Buffer.alloc(8)]), 'damaged'],
    [
      'of another version',
      (file) => Buffer.concat([file.subarray(0, 11), Buffer.from([9]), file.subarray(12)]),
      'version',
    ],
    [
      'one whose header was changed',
      (file) => Buffer.concat([file.subarray(0, 30), Buffer.from('xx'), file.subarray(32)]),
      'damaged',
    ],
    [
      'out of order',
      (file) => Buffer.concat([headerOf(COUNT), file.subarray(HEADER_BYTES).reverse()]),
      'do not ascend',
    ],
  ])('is refused when it is %s', async (_, damage, reason) => {
    await build();
    const damaged = path.join(folder, 'damaged.bin');
    writeFileSync(damaged, damage(readFileSync(out)));
    await expect(BreachedFile.open(damaged)).rejects.toThrow(reason);
  });
});
