import { readdir, readlink, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { birthOf, isAlive } from './processes';

const TURN = /^latchkey\.turn\.(\d+)$/;
const FREE = 'free';

/**
 * Runs `work` while no other process of this machine starts a server on the data folder; false when one does.
 *
 * Turns are numbered and the highest one counts: a link, made at once or not at all, that names its holder. Whoever
 * finds it free or its holder dead makes the next one. A dead holder's file is therefore never replaced, which two
 * processes could do one after the other.
 */
export async function withStartLock(dataDir: string, work: () => Promise<void>): Promise<boolean> {
  const turn = await takeTurn(dataDir);
  if (turn === null) return false;
  try {
    await work();
  } finally {
    await make(dataDir, turn + 1, FREE);
    await removeBefore(dataDir, turn + 1);
  }
  return true;
}

async function takeTurn(dataDir: string): Promise<number | null> {
  const latest = await latestTurn(dataDir);
  if (latest > 0 && (await isHeld(dataDir, latest))) return null;
  const mine = latest + 1;
  if (!(await make(dataDir, mine, `${process.pid} ${birthOf(process.pid)}`))) return null;
  if ((await latestTurn(dataDir)) === mine) return mine;
  // We looked long ago: others have had this turn since, and its number was free again only because they cleaned up.
  await rm(fileOf(dataDir, mine), { force: true });
  return null;
}

async function latestTurn(dataDir: string): Promise<number> {
  return Math.max(0, ...(await turns(dataDir)));
}

async function turns(dataDir: string): Promise<number[]> {
  const names = await readdir(dataDir);
  return names.map((name) => Number(TURN.exec(name)?.[1])).filter(Number.isInteger);
}

async function isHeld(dataDir: string, turn: number): Promise<boolean> {
  const holder = await readlink(fileOf(dataDir, turn)).catch(() => null);
  if (holder === null) return true;
  if (holder === FREE) return false;
  const [pid, birth] = holder.split(/ (.*)/s);
  return isAlive(Number(pid)) && birthOf(Number(pid)) === birth;
}

async function make(dataDir: string, turn: number, holder: string): Promise<boolean> {
  try {
    await symlink(holder, fileOf(dataDir, turn));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeBefore(dataDir: string, turn: number): Promise<void> {
  const past = (await turns(dataDir)).filter((other) => other < turn);
  await Promise.all(past.map((other) => rm(fileOf(dataDir, other), { force: true })));
}

function fileOf(dataDir: string, turn: number): string {
  return path.join(dataDir, `latchkey.turn.${turn}`);
}
