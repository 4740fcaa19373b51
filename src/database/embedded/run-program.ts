import { execFile, type ExecFileException } from 'node:child_process';
import type { ServerUser } from './server-user';

/** What PostgreSQL's programs get to see of our environment: nothing of ours. */
export const BARE_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

const TIME_LIMIT_MS = 60_000;

/** Runs a program to its end, as another user if one is given; the answer is null, or what it complained about. */
export function problemRunning(program: string, args: string[], user: ServerUser | null): Promise<string | null> {
  const options = { ...user, cwd: '/', env: BARE_ENVIRONMENT, timeout: TIME_LIMIT_MS };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, _output, complaint) => resolve(error && reason(error, complaint)));
  });
}

function reason(error: ExecFileException, complaint: string): string {
  return complaint.trim() || error.message;
}
