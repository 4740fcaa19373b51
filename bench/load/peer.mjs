import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PEERS = new URL('../peers/', import.meta.url);

/**
 * Installs the packages of `peers/<name>`, a tree of its own that no other installation knows, unless they are there
 * as its lock file says.
 */
export function requirePeer(name) {
  const folder = new URL(`${name}/`, PEERS);
  const wanted = versionsIn(new URL('package-lock.json', folder));
  const found = versionsIn(new URL('node_modules/.package-lock.json', folder));
  if (Object.entries(wanted).every(([path, version]) => found[path] === version)) return;
  console.log(`Installing ${name} for this benchmark alone …`);
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: fileURLToPath(folder), stdio: 'inherit' });
}

/** Versions of the required packages of a lock file; none without the file. */
function versionsIn(lock) {
  try {
    const { packages } = JSON.parse(readFileSync(lock, 'utf8'));
    const required = Object.entries(packages).filter(([path, { optional }]) => path && !optional);
    return Object.fromEntries(required.map(([path, { version }]) => [path, version]));
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}
