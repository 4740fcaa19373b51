import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { configJsonSchema, renderJsonSchema } from '../config/schema-export';
import { showConfig } from '../config/show-config';
import { issuancePolicyOf } from '../strategy/strategy.module';
import type { Call, Shell } from './shell';

const CHECK_HELP = `
Example:
  $ latchkey config check --config /etc/latchkey.yaml`;

const SHOW_HELP = `
Secrets and the passwords in URLs are masked.

Example:
  $ NODE_ENV=production latchkey config show
  $ latchkey config show --json | jq .config.auth.mode`;

const SCHEMA_HELP = `
Example:
  $ latchkey config schema --write config/schema.json`;

export function addConfig(program: Command, shell: Shell): void {
  const config = program.command('config').description('look at the configuration');
  config
    .command('check')
    .description('say what is wrong with the configuration, or that nothing is')
    .addHelpText('after', CHECK_HELP)
    .action(shell.does(check));
  config
    .command('show')
    .description('print the configuration that is in force')
    .addHelpText('after', SHOW_HELP)
    .action(shell.does(show));
  config
    .command('schema')
    .description('print the JSON Schema of the file, for editors')
    .option('--write <file>', 'write it to a file instead')
    .addHelpText('after', SCHEMA_HELP)
    .action(shell.does(schema));
}

function check(call: Call): void {
  const config = call.config();
  const { mode } = issuancePolicyOf(config);
  const text = `The configuration is right: environment ${config.environment}, mode ${mode}.`;
  call.print({ valid: true, environment: config.environment, mode }, text);
}

function show(call: Call): void {
  const config = call.config();
  const text = showConfig(config);
  call.print({ environment: config.environment, config: parse(text) as object }, text);
}

function schema(call: Call): void {
  const { write } = call.options<{ write?: string }>();
  if (write === undefined) return call.print(configJsonSchema(), renderJsonSchema());
  writeFileSync(write, renderJsonSchema());
  call.print({ written: write }, `Wrote ${write}`);
}
