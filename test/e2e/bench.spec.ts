import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

describe('the servers that the benchmark compares', () => {
  it('start with this build, accept the tokens that it issues for them, and no forged ones', async () => {
    const words = ['bench/run.mjs', '--check', '--tokens', '20', '--only', 'stateful,denylist'];
    const { stdout } = await run(process.execPath, words);
    expect(stdout.trim().split(/\s*\n/)).toEqual(['stateful          is right', 'denylist          is right']);
  });
});
