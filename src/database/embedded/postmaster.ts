import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { isAlive, worksIn } from './processes';
import { SOCKET_PORT } from './socket-directory';

/** A running server, as its `postmaster.pid` describes it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
  /** False while it starts, recovers or shuts down. */
  readonly ready: boolean;
}

/** The server that runs on this data folder; null when there is none, whatever a left-over file says. */
export function findPostmaster(dataDir: string): Postmaster | null {
  const lines = pidFile(dataDir);
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid) || !worksIn(pid, dataDir)) return null;
  return { pid, port: Number(lines[3]), socketDir: lines[4] ?? '', ready: lines[7]?.trim() === 'ready' };
}

/**
 * Removes what a killed server left behind. PostgreSQL does so itself, unless the number of the dead process now
 * belongs to another one. Only for those who hold the start lock and found no postmaster.
 */
export async function removeStaleLocks(dataDir: string, socketDir: string): Promise<void> {
  await rm(path.join(dataDir, 'postmaster.pid'), { force: true });
  await rm(path.join(socketDir, `.s.PGSQL.${SOCKET_PORT}.lock`), { force: true });
}

function pidFile(dataDir: string): string[] {
  try {
    return readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}
