import { link, lstat, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { changeFolder, type ServerUser } from './server-user';

/** Only a name within the private folder: the server listens on no network port. */
export const SOCKET_PORT = 5432;

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the final zero included. */
const LONGEST_SOCKET_PATH = process.platform === 'darwin' ? 103 : 107;
const RECORD = 'latchkey.socket-directory';

/**
 * The folder of the server's socket, the same for every process and every start: the data folder, or, when its path
 * is too long for a socket, a private temporary one whose name is recorded in the data folder.
 */
export async function socketDirectory(dataDir: string, user: ServerUser | null): Promise<string> {
  if (fits(dataDir)) return dataDir;
  const record = path.join(dataDir, RECORD);
  const recorded = await readFile(record, 'utf8').catch(() => null);
  if (recorded !== null) {
    if (await isPrivate(recorded, user)) return recorded;
    await rm(record, { force: true });
  }
  const fresh = await mkdtemp(path.join(tmpdir(), 'latchkey-'));
  await changeFolder(fresh, { owner: user });
  return (await claim(record, fresh)) ? fresh : socketDirectory(dataDir, user);
}

function fits(folder: string): boolean {
  return Buffer.byteLength(path.join(folder, `.s.PGSQL.${SOCKET_PORT}`)) <= LONGEST_SOCKET_PATH;
}

/** Temporary folders are swept by the system and can then be made anew by anybody. */
async function isPrivate(folder: string, user: ServerUser | null): Promise<boolean> {
  const found = await lstat(folder).catch(() => null);
  const owner = user?.uid ?? process.getuid?.();
  return found !== null && found.isDirectory() && found.uid === owner && (found.mode & 0o077) === 0;
}

/** The record appears whole and once; who comes second learns the first one's folder. */
async function claim(record: string, folder: string): Promise<boolean> {
  const draft = `${record}.${path.basename(folder)}`;
  await writeFile(draft, folder, { flag: 'wx', mode: 0o644 });
  try {
    await link(draft, record);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await rm(folder, { recursive: true, force: true });
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}
