import { readSource } from './source-tree';

interface LockEntry {
  version?: string;
  resolved?: string;
  link?: boolean;
  optionalDependencies?: Record<string, string>;
}

const lock = readSource('package-lock.json').text;
const { packages } = JSON.parse(lock) as { packages: Record<string, LockEntry> };

describe('package-lock.json', () => {
  it('names no address to download from, so that it serves behind every registry', () => {
    const addresses = Object.entries(packages).filter(([, entry]) => entry.resolved && !entry.link);
    expect(addresses).toEqual([]);
    expect(lock).not.toMatch(/https?:\/\/[^"]+\.tgz/);
  });

  it('holds every optional platform package, so that `npm ci` accepts it (else: npm run lock)', () => {
    const wanted = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).map((name) => [`${path}/node_modules/${name}`, `node_modules/${name}`]),
    );
    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.filter((places) => !places.some((place) => place in packages))).toEqual([]);
  });

  it('pins argon2 to the release whose prebuilt binary loads on Node 20', () => {
    expect(packages['node_modules/argon2']?.version).toBe('0.44.0');
  });
});

it('neither package.json nor .npmrc names a registry', () => {
  expect(readSource('package.json').text + readSource('.npmrc').text).not.toMatch(/registry\s*[=:]|:\/\/registry/i);
});
