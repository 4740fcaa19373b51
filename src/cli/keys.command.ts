import type { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clock } from '../common/clock';
import { KeyCabinet } from '../keys/key-cabinet';
import { KeyChanges, type Rotation } from '../keys/key-changes.service';
import { keyFacts } from '../keys/key-facts';
import { asOperator } from './operator';
import type { Call, Shell } from './shell';
import { textTable } from './text-table';

const LIST_HELP = `
Example:
  $ latchkey keys list`;

const ROTATE_HELP = `
Without --now the next key is published for auth.jwt.keys.publish_ahead before it signs, so that no reader of the
JWKS meets a token that it cannot check. With --now this returns when the next key signs, seconds later.

Example:
  $ latchkey keys rotate`;

const RETIRE_HELP = `
Within a second no process accepts a token that it signed, and its bytes are destroyed. Whoever holds such a token
signs in again. Resource servers that check tokens themselves accept it until they read the JWKS again.

Example, after a leak:
  $ latchkey keys rotate --now
  $ latchkey keys retire 3yqTj0fL9s1V

The id of a key that was auth.jwt.secret may begin with a hyphen. Put -- before it:
  $ latchkey keys retire -- -yqTj0fL9s1V`;

export function addKeys(program: Command, shell: Shell): void {
  const keys = program.command('keys').description('list, rotate and retire the keys that sign JWTs');
  keys
    .command('list')
    .description('list the keys in use, and with --all those that were retired')
    .option('--all', 'retired keys too')
    .addHelpText('after', LIST_HELP)
    .action(shell.does(list));
  keys
    .command('rotate')
    .description('announce the next key')
    .option('--now', 'let it sign as soon as every process knows it')
    .addHelpText('after', ROTATE_HELP)
    .action(shell.does(rotate));
  keys
    .command('retire')
    .description('refuse every token of a key at once')
    .argument('<kid>', 'id of the key')
    .addHelpText('after', RETIRE_HELP)
    .action(shell.does(retire));
}

async function list(call: Call): Promise<void> {
  const { all = false } = call.options<{ all?: boolean }>();
  const keys = await asOperator(call, async (operator) => {
    const now = operator.get(Clock).now();
    const lives = await operator.get(KeyCabinet).lives();
    return lives.map((life) => keyFacts(life, now)).filter(({ state }) => all || state !== 'retired');
  });
  const rows = keys.map((key) => [
    key.kid,
    key.algorithm,
    key.state,
    key.origin,
    key.signs_from,
    key.signs_until,
    key.verifies_until,
  ]);
  const headings = ['KID', 'ALGORITHM', 'STATE', 'ORIGIN', 'SIGNS FROM', 'SIGNS UNTIL', 'VERIFIES UNTIL'];
  call.print({ keys }, textTable(headings, rows));
}

async function rotate(call: Call): Promise<void> {
  const { now: atOnce = false } = call.options<{ now?: boolean }>();
  const rotation = await asOperator(call, async (operator) => {
    const announced = await operator.get(KeyChanges).rotate({ atOnce });
    if (atOnce) await sleep(Math.max(0, announced.signsFrom - operator.get(Clock).now()));
    return announced;
  });
  const facts = { kid: rotation.id, algorithm: rotation.algorithm, signs_from: new Date(rotation.signsFrom) };
  call.print({ key: facts }, announcement(rotation, atOnce));
}

async function retire(call: Call): Promise<void> {
  const kid = call.arguments[0] as string;
  await asOperator(call, (operator) => operator.get(KeyChanges).retire(kid));
  call.print({ retired: kid }, `Retired the key ${kid}: within a second no process accepts a token of it`);
}

function announcement({ id, algorithm, signsFrom }: Rotation, atOnce: boolean): string {
  const from = new Date(signsFrom).toISOString();
  return atOnce ? `The ${algorithm} key ${id} signs` : `Published the ${algorithm} key ${id}: it signs from ${from}`;
}
