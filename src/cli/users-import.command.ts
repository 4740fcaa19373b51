import { once } from 'node:events';
import { createReadStream, createWriteStream, type ReadStream, type WriteStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import type { UserImport, OnConflict } from '../identity/user-import.service';
import { EXIT, UsageError, type ExitCode } from './failure';
import { importProgress } from './import/import-progress';
import type { ImportFormat } from './import/import-rows';
import type { ImportTally } from './import/import-run';
import { countOf } from './list-option';
import { asOperator, type Operator } from './operator';
import type { Call, Shell } from './shell';
import { withTenant, type TenantOption } from './tenant-option';

const HELP = `
Lines of JSON, or CSV whose first line names the columns: email, username, name, roles, status, email_verified,
password_hash, id; for hashes that do not say how they were made also hash_algorithm and its fields. What is there
already is skipped, so that an import that was cut short is given again as it was.

Example:
  $ latchkey users import people.jsonl --dry-run
  $ latchkey users import people.csv --tenant acme --errors refused.txt --json`;

export function addUsersImport(users: Command, shell: Shell): void {
  withTenant(users.command('import'))
    .description('bring accounts of another system along, with their password hashes')
    .argument('<file>', 'lines of JSON, or CSV')
    .addOption(new Option('--format <format>', 'by the name of the file when not given').choices(['jsonl', 'csv']))
    .addOption(
      new Option('--on-conflict <what>', 'with accounts that are there')
        .choices(['skip', 'update', 'fail'])
        .default('skip'),
    )
    .option('--dry-run', 'say what would happen and change nothing')
    .option('--batch <count>', 'accounts in one statement, at most 5000', countOf, 500)
    .option('--defaults <file>', 'a JSON object: fields of every row that does not have them itself')
    .option('--errors <file>', 'write the rows that are refused there too: line and reason')
    .addHelpText('after', HELP)
    .action(shell.does(importFile));
}

interface ImportOptions extends TenantOption {
  readonly format?: ImportFormat;
  readonly onConflict: OnConflict;
  readonly dryRun?: boolean;
  readonly batch: number;
  readonly defaults?: string;
  readonly errors?: string;
}

async function importFile(call: Call): Promise<ExitCode> {
  const file = call.arguments[0] as string;
  const options = call.options<ImportOptions>();
  if (options.batch > 5_000) throw new UsageError('--batch is at most 5000');
  const defaults = options.defaults === undefined ? {} : await defaultsIn(options.defaults);
  const { input, bytes } = await opened(file);
  const tally = await asOperator(call, (operator) => read({ call, operator, options, defaults, input, bytes }));
  const { refused } = tally;
  call.print({ ...tally, dry_run: options.dryRun === true }, sentenceOf(tally, options.dryRun === true));
  return refused > 0 ? EXIT.failed : EXIT.ok;
}

interface Reading {
  readonly call: Call;
  readonly operator: Operator;
  readonly options: ImportOptions;
  readonly defaults: object;
  readonly input: ReadStream;
  readonly bytes: number;
}

async function read({ call, operator, options, defaults, input, bytes }: Reading): Promise<ImportTally> {
  // Only imports need these, and this file is read by every command.
  const [{ importRows }, { importUsers }, service] = await Promise.all([
    import('./import/import-rows.js'),
    import('./import/import-run.js'),
    import('../identity/user-import.service.js'),
  ]);
  const tenant = await operator.tenant(options.tenant);
  const progress = await importProgress(call.terminal, bytes, !call.json);
  const errors = options.errors === undefined ? null : createWriteStream(options.errors, { mode: 0o600 });
  const format = options.format ?? (/\.csv$/i.test(call.arguments[0] as string) ? 'csv' : 'jsonl');
  const onRefused = (line: number, reason: string): Promise<void> => tell(call, errors, `line ${line}: ${reason}\n`);
  try {
    return await importUsers(importRows(input, format), operator.get<UserImport>(service.UserImport), {
      tenant,
      order: { tenantId: tenant.id, onConflict: options.onConflict, dryRun: options.dryRun === true },
      batch: options.batch,
      defaults,
      onRefused,
      onBatch: (tally) => progress.at(input.bytesRead, tally),
    });
  } finally {
    progress.end();
    input.destroy();
    await ended(errors);
  }
}

async function tell({ terminal }: Call, errors: WriteStream | null, text: string): Promise<void> {
  terminal.stderr.write(text);
  if (errors && !errors.write(text)) await once(errors, 'drain');
}

async function ended(errors: WriteStream | null): Promise<void> {
  errors?.end();
  if (errors) await finished(errors);
}

async function opened(file: string): Promise<{ input: ReadStream; bytes: number }> {
  const handle = await open(file, 'r').catch(() => {
    throw new UsageError('The file cannot be read: is it there, and may you read it?');
  });
  const { size } = await handle.stat();
  return { input: createReadStream(file, { fd: handle, highWaterMark: 65_536 }), bytes: size };
}

async function defaultsIn(file: string): Promise<object> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below: the message of the parser repeats what it read.
  }
  throw new UsageError('--defaults must name a file that holds one JSON object');
}

function sentenceOf({ rows, created, updated, skipped, refused }: ImportTally, dryRun: boolean): string {
  const counts = `${created} created, ${updated} updated, ${skipped} skipped, ${refused} refused`;
  return dryRun ? `Of ${rows} rows there would be: ${counts}.` : `Read ${rows} rows: ${counts}.`;
}
