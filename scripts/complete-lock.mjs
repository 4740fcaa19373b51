// Adds to package-lock.json the optional platform packages that the registry in use did not serve.
//
// npm leaves an optional package out of the lock when the registry has no copy of it (a mirror with only Linux builds,
// say). `npm ci` then compares the lock with what the packages ask for and stops: "Missing: … from lock file". An entry
// with a version and the platforms it is for satisfies the comparison; nothing is fetched for other platforms.
//
//   node scripts/complete-lock.mjs [package-lock.json]
import { readFileSync, writeFileSync } from 'node:fs';

const EXACT_VERSION = /^\d+\.\d+\.\d+/;

// Words of a platform package's name, and what npm calls them. The first that fits counts.
const SYSTEMS = [
  [/darwin/, 'darwin'],
  [/win32|windows/, 'win32'],
  [/freebsd/, 'freebsd'],
  [/android/, 'android'],
  [/openharmony/, 'openharmony'],
];
const PROCESSORS = [
  [/arm64|aarch64/, 'arm64'],
  [/ia32/, 'ia32'],
  [/ppc64/, 'ppc64'],
  [/s390x/, 's390x'],
  [/riscv64/, 'riscv64'],
  [/loong64/, 'loong64'],
  [/wasm/, 'wasm32'],
  [/arm/, 'arm'],
];
const firstFit = (table, name, otherwise) => table.find(([word]) => word.test(name))?.[1] ?? otherwise;

function libcOf(name, system) {
  if (system !== 'linux') return undefined;
  if (/musl/.test(name)) return ['musl'];
  return /gnu/.test(name) ? ['glibc'] : undefined;
}

/** The lock entry of an optional platform package, in the order in which npm writes the keys. */
function entryFor(name, version, parent) {
  const system = firstFit(SYSTEMS, name, 'linux');
  const libc = libcOf(name, system);
  return {
    version,
    cpu: [firstFit(PROCESSORS, name, 'x64')],
    ...(parent.dev ? { dev: true } : {}),
    ...(libc ? { libc } : {}),
    optional: true,
    os: [system],
  };
}

/** `[path, entry]` of every optional package with an exact version that some package wants and the lock lacks. */
function missingEntries(packages) {
  const missing = new Map();
  for (const [path, parent] of Object.entries(packages)) {
    if (path === '') continue;
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const known = packages[`node_modules/${name}`] ?? packages[`${path}/node_modules/${name}`];
      if (known || !EXACT_VERSION.test(version)) continue;
      missing.set(`node_modules/${name}`, entryFor(name, version, parent));
    }
  }
  return missing;
}

const file = process.argv[2] ?? 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8'));
const missing = missingEntries(lock.packages);
if (missing.size > 0) {
  const entries = [...Object.entries(lock.packages), ...missing];
  lock.packages = Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
for (const [path, { version }] of missing) console.log(`added ${path} ${version}`);
console.log(`${missing.size} entries added to ${file}`);
