import { mkdir, mkdtemp, open, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseStartError } from '../database-start-error';
import { problemRunning } from './run-program';
import { changeFolder, closedFolder, type ServerUser } from './server-user';

const MAJOR_VERSION = '18';
const CLUSTER = '-U postgres -A trust -E UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C'.split(' ');

/** Makes the folder around the data folder, open to the user who runs the server, and resolves links on the way. */
export async function prepareParent(dataDir: string, user: ServerUser | null): Promise<string> {
  const parent = path.dirname(path.resolve(dataDir));
  const mode = user ? 0o711 : 0o700;
  const created = await mkdir(parent, { recursive: true, mode });
  if (created !== undefined) await changeFolder(parent, { mode });
  const closed = user && (await closedFolder(parent, user));
  if (closed) {
    throw new DatabaseStartError(
      `The embedded PostgreSQL runs as user ${user.uid}, who cannot enter ${closed}: set data_dir to another folder, such as /var/lib/latchkey`,
    );
  }
  return path.join(await realpath(parent), path.basename(dataDir));
}

/**
 * Makes a PostgreSQL cluster in `dataDir` unless there is one. It is made beside and renamed, so that a half-made one is
 * never used; of several processes that do so at once the first wins and the others use its cluster.
 */
export async function prepareCluster(
  dataDir: string,
  { bin, user, durable }: { bin: string; user: ServerUser | null; durable: boolean },
): Promise<void> {
  if (await isCluster(dataDir)) return;
  const found = await readdir(dataDir).catch(() => []);
  if (found.length > 0 && !(await isCluster(dataDir))) {
    throw new DatabaseStartError(
      `${dataDir} holds other files and no PostgreSQL cluster: set data_dir to another folder`,
    );
  }
  const fresh = await mkdtemp(`${dataDir}.init-`);
  try {
    await changeFolder(fresh, { owner: user });
    await makeCluster(fresh, { bin, user, durable });
    await rename(fresh, dataDir);
    if (durable) await sync(path.dirname(dataDir));
    await removeLeftovers(dataDir);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!(await isCluster(dataDir))) throw clusterError(dataDir, error);
  }
}

async function isCluster(dataDir: string): Promise<boolean> {
  const version = await readFile(path.join(dataDir, 'PG_VERSION'), 'utf8').catch(() => null);
  if (version !== null && version.trim() !== MAJOR_VERSION) {
    throw new DatabaseStartError(
      `${dataDir} was made by PostgreSQL ${version.trim()}, this is PostgreSQL ${MAJOR_VERSION}: dump and restore it, or set data_dir to another folder`,
    );
  }
  return version !== null;
}

async function makeCluster(
  folder: string,
  { bin, user, durable }: { bin: string; user: ServerUser | null; durable: boolean },
): Promise<void> {
  const args = ['-D', folder, ...CLUSTER, ...(durable ? [] : ['--no-sync'])];
  const problem = await problemRunning(path.join(bin, 'initdb'), args, user);
  if (problem !== null) throw new Error(problem);
}

/** Also removes what slower processes are still making: they find our cluster when theirs fails. */
async function removeLeftovers(dataDir: string): Promise<void> {
  const [parent, prefix] = [path.dirname(dataDir), `${path.basename(dataDir)}.init-`];
  const leftovers = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  await Promise.all(leftovers.map((name) => rm(path.join(parent, name), { recursive: true, force: true })));
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

function clusterError(dataDir: string, error: unknown): DatabaseStartError {
  const reason = error instanceof Error ? error.message : String(error);
  return new DatabaseStartError(`No PostgreSQL cluster could be made in ${dataDir}: ${reason}`, { cause: error });
}
