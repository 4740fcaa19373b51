import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/** True while this process runs; one that has ended but was not yet collected by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' && !isZombie(pid);
  }
  return !isZombie(pid);
}

/** When the process began, in the system's own words; tells it from a later one with the same number. */
export function birthOf(pid: number): string {
  if (process.platform === 'linux') return statOf(pid)[19] ?? '';
  return ask(pid, 'lstart=');
}

/** True when the process works in this folder or was started with it as an argument. */
export function worksIn(pid: number, folder: string): boolean {
  if (process.platform !== 'linux') return ask(pid, 'command=').includes(folder);
  const command = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  return command.includes(folder) || attempt(() => readlinkSync(`/proc/${pid}/cwd`)) === folder;
}

function isZombie(pid: number): boolean {
  return process.platform === 'linux' && statOf(pid)[0] === 'Z';
}

/** The fields after the command's name, which may itself hold spaces and parentheses: state, parent, … */
function statOf(pid: number): string[] {
  const line = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return line.slice(line.lastIndexOf(')') + 2).split(' ');
}

function ask(pid: number, column: string): string {
  return spawnSync('ps', ['-p', String(pid), '-o', column], { encoding: 'utf8' }).stdout?.trim() ?? '';
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
