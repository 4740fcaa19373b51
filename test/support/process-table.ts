import { execFileSync } from 'node:child_process';

/** A process of this machine that has not ended. */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

export function runningProcesses(): RunningProcess[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,command='], { encoding: 'utf8' });
  return table.split('\n').flatMap((line) => {
    const [, pid, parent, state = 'Z', command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** Everything that belongs to the embedded PostgreSQL of this folder: the server, its children and who watches over it. */
export function serverProcesses(dataDir: string): RunningProcess[] {
  const all = runningProcesses();
  const named = all.filter(({ command }) => command.includes(`-D ${dataDir}`));
  const children = all.filter(({ parent }) => named.some(({ pid }) => pid === parent));
  return [...new Set([...named, ...children])];
}

/** SIGKILL, all at once; those that have ended meanwhile are passed over. */
export function killProcesses(processes: readonly Pick<RunningProcess, 'pid'>[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
