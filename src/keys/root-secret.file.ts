import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes, randomUUID } from 'node:crypto';

const FILE = 'root-secret';

/**
 * The root secret of a development machine: made once, kept in `dataDir` with mode 0600. Processes that start at the
 * same time agree on one, because a link either appears whole or was there.
 */
export function keepRootSecret(dataDir: string): string {
  const file = join(dataDir, FILE);
  return read(file) ?? create(dataDir, file);
}

function create(dataDir: string, file: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o755 });
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const secret = read(file);
  if (secret === null) throw new Error(`${file} cannot be read`);
  return secret;
}

function read(file: string): string | null {
  try {
    const secret = readFileSync(file, 'utf8').trim();
    if (secret.length < 32) throw new Error(`${file} holds no usable secret; remove it to have another one made`);
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
