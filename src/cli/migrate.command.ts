import { Argument, type Command } from 'commander';
import { openDatabaseServer } from '../database/database-server';
import { migrateDown, migrateUp, migrationStatus } from '../database/migrate';
import { UsageError } from './failure';
import type { Call, Shell } from './shell';
import { textTable } from './text-table';

type Direction = 'up' | 'down' | 'status';

const HELP = `
The service migrates by itself when it starts. Any number of processes may do so at once: one works, the others wait.

Example:
  $ latchkey migrate
  $ latchkey migrate status --json
  $ latchkey migrate down --yes`;

export function addMigrate(program: Command, shell: Shell): void {
  const direction = new Argument('[direction]', 'up applies what is missing, down undoes the latest migration');
  program
    .command('migrate')
    .description('bring the database schema up to date, or look at it')
    .addArgument(direction.choices(['up', 'down', 'status']).default('up'))
    .option('--yes', 'needed for down: the data in what is undone is lost')
    .addHelpText('after', HELP)
    .action(shell.does(migrate));
}

async function migrate(call: Call): Promise<void> {
  const direction = call.arguments[0] as Direction;
  if (direction === 'down' && !call.options<{ yes?: boolean }>().yes) {
    throw new UsageError('Undoing a migration loses the data in what it made: add --yes if that is meant');
  }
  const config = call.config();
  const server = await openDatabaseServer(config, call.logger(config));
  try {
    await WORK[direction](call, server.directUrl);
  } finally {
    await server.stop();
  }
}

const WORK: Record<Direction, (call: Call, url: string) => Promise<void>> = {
  up: async (call, url) => {
    const applied = await migrateUp(url);
    const text = applied.map((name) => `Applied ${name}`).join('\n');
    call.print({ applied }, text || 'The schema was up to date.');
  },
  down: async (call, url) => {
    const undone = await migrateDown(url);
    call.print({ undone }, undone ? `Undid ${undone}` : 'There is nothing to undo.');
  },
  status: async (call, url) => {
    const migrations = await migrationStatus(url);
    const rows = migrations.map(({ name, applied }) => [name, applied ? 'applied' : 'pending']);
    const facts = { up_to_date: migrations.every(({ applied }) => applied), migrations };
    call.print(facts, textTable(['MIGRATION', 'STATE'], rows));
  },
};
