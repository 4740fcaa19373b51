import path from 'node:path';
import type { Command } from 'commander';
import { UsageError } from './failure';
import { countOf } from './list-option';
import type { Call, Shell } from './shell';

const HELP = `
The list has one SHA-1 a line, with a colon and a count behind it or without, in any order. The file that is made is
about a fifth as large, and is read in place: auth.password.breached names it.

Example:
  $ latchkey passwords breached-file --from pwned-passwords-sha1.txt --out /var/lib/latchkey/breached.bin`;

export function addPasswords(program: Command, shell: Shell): void {
  program
    .command('passwords')
    .description('lists that new passwords are judged by')
    .command('breached-file')
    .description('make the file of breached passwords from a list of hashes')
    .requiredOption('--from <file>', 'list of hashes')
    .requiredOption('--out <file>', 'file to make')
    .option('--min-count <count>', 'leave out what appeared less often', countOf, 1)
    .addHelpText('after', HELP)
    .action(shell.does(breachedFile));
}

async function breachedFile(call: Call): Promise<void> {
  const { from, out, minCount } = call.options<{ from: string; out: string; minCount: number }>();
  if (path.resolve(from) === path.resolve(out)) throw new UsageError('--from and --out are one file');
  // `latchkey start` has no use for it, and this file is read by every command.
  const { buildBreachedFile } = await import('../identity/passwords/breached-file-builder.js');
  const entries = await buildBreachedFile({ from, out, minCount });
  call.print({ file: out, entries }, `Made ${out} with ${entries} passwords.`);
}
