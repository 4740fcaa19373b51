// Sums the results that `jest --json --outputFile=FILE` wrote and prints one line: `N passed, N failed`.
//
//   node scripts/sum-test-results.mjs FILE...
//
// A test file that did not run, a skipped test and a missing result count as failed: silence is not success.
import { existsSync, readFileSync } from 'node:fs';

function read(file) {
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const run = JSON.parse(readFileSync(file, 'utf8'));
  const skipped = run.numPendingTests + run.numTodoTests;
  return { passed: run.numPassedTests, failed: run.numFailedTests + run.numRuntimeErrorTestSuites + skipped };
}

const runs = process.argv.slice(2).map(read);
const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
const [passed, failed] = [sum('passed'), sum('failed')];
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
