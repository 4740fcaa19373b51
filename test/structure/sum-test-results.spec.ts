import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from './source-tree';

const RUN = {
  numPassedTests: 10,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

describe('the sum of the test runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sum-'));
  let written = 0;

  afterAll(() => rmSync(folder, { recursive: true }));

  function sum(...runs: (Partial<typeof RUN> | 'missing')[]): { line: string; exit: number | null } {
    const files = runs.map((run, index) => {
      const file = join(folder, `${++written}-${index}.json`);
      if (run !== 'missing') writeFileSync(file, JSON.stringify({ ...RUN, ...run }));
      return file;
    });
    const script = join(REPOSITORY, 'scripts/sum-test-results.mjs');
    const { stdout, status } = spawnSync(process.execPath, [script, ...files], { encoding: 'utf8' });
    return { line: stdout, exit: status };
  }

  it('is one line and succeeds when every test passed', () => {
    expect(sum({}, { numPassedTests: 5 })).toEqual({ line: '15 passed, 0 failed\n', exit: 0 });
  });

  it('fails when a test failed', () => {
    expect(sum({}, { numFailedTests: 2 })).toEqual({ line: '20 passed, 2 failed\n', exit: 1 });
  });

  it('counts a test file that could not be run as failed', () => {
    expect(sum({ numRuntimeErrorTestSuites: 1 })).toEqual({ line: '10 passed, 1 failed\n', exit: 1 });
  });

  it('counts skipped and promised tests as failed', () => {
    expect(sum({ numPendingTests: 1, numTodoTests: 1 })).toEqual({ line: '10 passed, 2 failed\n', exit: 1 });
  });

  it('counts a run that left no result as failed', () => {
    expect(sum({}, 'missing')).toEqual({ line: '10 passed, 1 failed\n', exit: 1 });
  });

  it('is no success when nothing ran', () => {
    expect(sum({ numPassedTests: 0 })).toEqual({ line: '0 passed, 0 failed\n', exit: 1 });
  });
});
