import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from './source-tree';

type Packages = Record<string, Record<string, unknown>>;

const COMPILER = {
  version: '1.2.3',
  dev: true,
  optionalDependencies: {
    '@acme/darwin-arm64': '1.2.3',
    '@acme/linux-x64-gnu': '1.2.3',
    '@acme/linux-x64-musl': '1.2.3',
    '@acme/win32-ia32': '1.2.3',
    colours: '^2.0.0',
  },
};

describe('completing the lock', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-lock-'));
  const file = join(folder, 'package-lock.json');

  afterAll(() => rmSync(folder, { recursive: true }));

  function complete(packages: Packages): Packages {
    writeFileSync(file, JSON.stringify({ lockfileVersion: 3, packages }));
    execFileSync(process.execPath, [join(REPOSITORY, 'scripts/complete-lock.mjs'), file]);
    return (JSON.parse(readFileSync(file, 'utf8')) as { packages: Packages }).packages;
  }

  it('adds each optional platform package that the lock lacks, with the platforms it is for', () => {
    const packages = complete({ '': {}, 'node_modules/compiler': COMPILER });
    expect(packages).toMatchObject({
      'node_modules/@acme/darwin-arm64': {
        version: '1.2.3',
        os: ['darwin'],
        cpu: ['arm64'],
        dev: true,
        optional: true,
      },
      'node_modules/@acme/linux-x64-gnu': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
      'node_modules/@acme/linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
      'node_modules/@acme/win32-ia32': { os: ['win32'], cpu: ['ia32'] },
    });
    expect(Object.keys(packages)).toEqual([...Object.keys(packages)].sort((a, b) => a.localeCompare(b, 'en')));
  });

  it('leaves entries alone that the registry served, also nested ones', () => {
    const served = { version: '1.2.3', integrity: 'sha512-x', os: ['darwin'] };
    const packages = complete({
      'node_modules/@acme/darwin-arm64': served,
      'node_modules/compiler': COMPILER,
      'node_modules/compiler/node_modules/@acme/win32-ia32': served,
    });
    expect(packages['node_modules/@acme/darwin-arm64']).toEqual(served);
    expect(packages).not.toHaveProperty(['node_modules/@acme/win32-ia32']);
  });

  it('adds nothing for a range, which names no version', () => {
    expect(complete({ 'node_modules/compiler': COMPILER })).not.toHaveProperty(['node_modules/colours']);
  });

  it('changes nothing the second time', () => {
    const once = complete({ 'node_modules/compiler': COMPILER });
    expect(complete(once)).toEqual(once);
  });
});
