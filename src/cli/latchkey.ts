#!/usr/bin/env node
import { ConfigError } from '../config/config-error';
import { DatabaseStartError } from '../database/database-start-error';
import { createProgram } from './program';

createProgram(process.env)
  .parseAsync(process.argv)
  .catch((error: unknown) => {
    // What the operator can mend says so in its message; anything else is ours, and its stack is wanted.
    const known = error instanceof ConfigError || error instanceof DatabaseStartError;
    process.stderr.write(`${known ? error.message : ((error as Error).stack ?? String(error))}\n`);
    process.exit(1);
  });
