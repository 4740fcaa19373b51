import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RootKeys } from './root-keys';
import { keepRootSecret } from './root-secret.file';
import { seal, unseal } from './sealed-box';

const SECRET = 'a root secret that is long enough, really';

describe('root keys', () => {
  it('give every purpose a key of its own', () => {
    const keys = new RootKeys(SECRET);
    expect(keys.derive('a')).toHaveLength(32);
    expect(keys.derive('a')).not.toEqual(keys.derive('b'));
    expect(keys.derive('a')).toEqual(new RootKeys(SECRET).derive('a'));
  });

  it('still read what an earlier root made, and nothing of a root that is gone', () => {
    const old = new RootKeys(SECRET);
    const rotated = new RootKeys('another root secret, long enough as well', [SECRET]);
    expect(rotated.deriveWith(old.currentId, 'a')).toEqual(old.derive('a'));
    expect(rotated.currentId).not.toBe(old.currentId);
    expect(new RootKeys('another root secret, long enough as well').deriveWith(old.currentId, 'a')).toBeNull();
  });

  it('have ids that say nothing about the secret', () => {
    expect(SECRET).not.toContain(new RootKeys(SECRET).currentId);
    expect(new RootKeys(SECRET).currentId).toHaveLength(8);
  });
});

function turned(box: Buffer): Buffer {
  const copy = Buffer.from(box);
  copy[13] = (copy[13] as number) ^ 1;
  return copy;
}

describe('a sealed box', () => {
  const key = new RootKeys(SECRET).derive('boxes');
  const box = seal(key, Buffer.from('content'), 'row-1');

  it('opens with its key in its place', () => {
    expect(unseal(key, box, 'row-1')).toEqual(Buffer.from('content'));
  });

  it.each([
    ['with another key', new RootKeys(SECRET).derive('other'), box, 'row-1'],
    ['in another place', key, box, 'row-2'],
    ['when it was cut', key, box.subarray(0, -1), 'row-1'],
    ['when it is too short to be one', key, Buffer.alloc(4), 'row-1'],
    ['when a bit was turned', key, turned(box), 'row-1'],
  ])('does not open %s', (_, withKey, content, place) => {
    expect(unseal(withKey, content, place)).toBeNull();
  });
});

describe('the root secret of a development machine', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'latchkey-root-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is made once and kept, readable by its owner alone', () => {
    const secret = keepRootSecret(dir);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(keepRootSecret(dir)).toBe(secret);
    expect(statSync(join(dir, 'root-secret')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['root-secret']);
  });

  it('is not replaced when it is damaged: that would lock sealed keys away', () => {
    writeFileSync(join(dir, 'root-secret'), 'short');
    expect(() => keepRootSecret(dir)).toThrow('no usable secret');
  });
});
