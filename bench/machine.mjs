import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';

/** What the figures depend on besides the code. Names no host and no folder. */
export function describeMachine() {
  const processors = cpus();
  return {
    processor: `${processors[0].model.trim()}, ${processors.length} cores`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadBefore: loadavg()[0],
    commit:
      git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src', 'packages') ? ' and changes' : ''),
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
}

/** The heading of a report. */
export function environmentTable({ machine, options, database }) {
  const { rounds, duration, warmup, connections, tokens } = options;
  return [
    `${machine.date} UTC, commit ${machine.commit}. ${machine.processor}, ${machine.memoryGiB} GiB, load ${machine.loadBefore.toFixed(1)} before the run.`,
    `Node ${machine.node}, PostgreSQL ${database}. ${rounds} rounds of ${duration} s after ${warmup} s of warming, ${connections} connections,`,
    `${tokens} tokens in rotation, one server at a time.\n`,
  ].join('\n');
}

function git(...args) {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
