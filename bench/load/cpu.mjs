import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

let ticksPerSecond;

/** Microseconds of CPU that the process has used so far, all threads together. */
export function cpuOf(pid) {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in brackets, and may hold spaces itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const micros = (ticks) => (Number(ticks) * 1e6) / ticksPerSecond;
  return { user: micros(fields[11]), system: micros(fields[12]) };
}

/** @throws Error where the system does not tell. */
export function requireProc() {
  if (!existsSync('/proc/self/stat')) throw new Error('CPU time per request is read from /proc: run this on Linux');
}
