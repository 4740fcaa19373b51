import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { birthOf, isAlive } from './processes';

const LOCK = 'latchkey.lock';

/** Runs `work` while no other process of this machine starts a server on the data folder; false when one does. */
export async function withStartLock(dataDir: string, work: () => Promise<void>): Promise<boolean> {
  const lock = path.join(dataDir, LOCK);
  const mine = `${lock}.${randomUUID()}`;
  await writeFile(mine, `${process.pid} ${birthOf(process.pid)}`, { flag: 'wx', mode: 0o644 });
  try {
    if (!(await claim(lock, mine))) return false;
    await work().finally(() => rm(lock, { force: true }));
    return true;
  } finally {
    await rm(mine, { force: true });
  }
}

/** Linking is atomic and never replaces, so the file appears whole and for one process only. */
async function claim(lock: string, mine: string): Promise<boolean> {
  if (await linked(mine, lock)) return true;
  const holder = await readFile(lock, 'utf8').catch(() => null);
  if (holder !== null && holds(holder)) return false;
  if (holder !== null) await takeAway(lock, `${mine}.stale`, holder);
  return linked(mine, lock);
}

/** Between the look and the move another process may have replaced the dead one's file with its own: put that back. */
async function takeAway(lock: string, aside: string, dead: string): Promise<void> {
  await rename(lock, aside).catch(unlessGone);
  const taken = await readFile(aside, 'utf8').catch(() => dead);
  if (taken !== dead) await linked(aside, lock);
  await rm(aside, { force: true });
}

function holds(holder: string): boolean {
  const [pid, birth] = holder.split(/ (.*)/s);
  return isAlive(Number(pid)) && birthOf(Number(pid)) === birth;
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
