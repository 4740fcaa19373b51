#!/usr/bin/env node
import { EXIT } from './failure';
import { runProgram } from './program';

// The reader of a pipe may leave early, as `head` does.
process.stdout.on('error', () => process.exit(EXIT.failed));

void runProgram(process.argv.slice(2), { terminal: process, env: process.env }).then((code) => {
  process.exitCode = code;
  // A service that failed to start has timers and connections left.
  if (code !== EXIT.ok) process.exit();
});
