import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('rotate.lua', import.meta.url));
const run = promisify(execFile);

/** @throws Error that says how to get it, when wrk is not installed. */
export function requireWrk() {
  if (spawnSync('wrk', ['--version']).error) {
    throw new Error('wrk is not installed. On Debian and Ubuntu: apt-get install -y wrk; on macOS: brew install wrk');
  }
}

/**
 * Loads the route for so many seconds, with the tokens of a file in this header. Latencies are in microseconds.
 * @throws Error when a single request was not answered with 200.
 */
export async function load(url, { tokens, header, seconds, connections }) {
  const { stdout } = await run('wrk', [
    ...['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', SCRIPT],
    ...[url, '--', tokens, header.name, header.prefix],
  ]);
  const facts = JSON.parse(stdout.trim().split('\n').at(-1));
  if (facts.requests === 0) throw new Error('No request was answered');
  if (facts.refused > 0) throw new Error(`${facts.refused} of ${facts.requests} requests were refused`);
  if (facts.broken > 0) throw new Error(`${facts.broken} requests were lost: connections broke or timed out`);
  return facts;
}
