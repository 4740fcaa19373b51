import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** An unprivileged user of this machine. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: ServerUser = { uid: 65534, gid: 65534 };

/**
 * Whom the server runs as; null means as ourselves. PostgreSQL refuses to run as root, so root hands over to the owner
 * of the data folder (or of the folder around it), else to `postgres`, else to `nobody`.
 */
export async function serverUser(dataDir: string): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null;
  return (await ownerOf(dataDir)) ?? (await ownerOf(path.dirname(dataDir))) ?? (await systemUser()) ?? NOBODY;
}

/** The first folder on the way to `folder`, itself included, that the user may not enter; null when there is none. */
export async function closedFolder(folder: string, user: ServerUser): Promise<string | null> {
  const parent = path.dirname(folder);
  if (parent !== folder) {
    const above = await closedFolder(parent, user);
    if (above !== null) return above;
  }
  const { uid, gid, mode } = await stat(folder);
  const mayEnter = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  return mode & mayEnter ? null : folder;
}

/** Gives a folder to the user who runs the server, or opens it for everybody to enter; never what a link leads to. */
export async function changeFolder(
  folder: string,
  change: { readonly owner?: ServerUser | null; readonly mode?: number },
): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if (change.owner) await handle.chown(change.owner.uid, change.owner.gid);
    if (change.mode !== undefined) await handle.chmod(change.mode);
  } finally {
    await handle.close();
  }
}

async function ownerOf(folder: string): Promise<ServerUser | null> {
  const owner = await stat(folder).catch(() => null);
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : null;
}

async function systemUser(): Promise<ServerUser | null> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n');
  const users = lines.map((line) => line.split(':'));
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return found ? { uid: Number(found[2]), gid: Number(found[3]) } : null;
}
