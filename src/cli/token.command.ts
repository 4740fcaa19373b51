import type { Command } from 'commander';
import { inspectJwt, type JwtVerdict } from './jwt-inspection';
import { asOperator } from './operator';
import type { Call, Shell } from './shell';
import { textFacts, type Cell } from './text-table';
import { tokenOnInput, type JwtText, type OpaqueText } from './token-text';

const HELP = `
The token is read from standard input, never from the arguments, which every user of the machine can read. What is
secret in it is not printed. An opaque token is read without a database; a JWT is checked against this installation's
keys and revocations unless --offline is given.

Example:
  $ pbpaste | latchkey token decode -
  $ pbpaste | latchkey token decode - --offline --json`;

export function addToken(program: Command, shell: Shell): void {
  program
    .command('token')
    .description('look at a token')
    .command('decode')
    .description('say what a token is and whether it is still good')
    .argument('<token>', '- reads it from standard input')
    .option('--offline', 'read it only: no key, no database')
    .addHelpText('after', HELP)
    .action(shell.does(decode));
}

async function decode(call: Call): Promise<void> {
  const token = await tokenOnInput(call);
  if (token.kind === 'opaque') return describeOpaque(call, token);
  const config = call.config();
  const { offline } = call.options<{ offline?: boolean }>();
  const verdict = offline ? null : await asOperator(call, (operator) => inspectJwt(token, operator, config));
  describeJwt(call, token, verdict);
}

function describeOpaque(call: Call, { use, token }: OpaqueText): void {
  const facts = {
    kind: 'opaque',
    use,
    checksum: token ? 'right' : 'wrong',
    session_id: token?.sessionId ?? null,
  };
  const hint = token ? 'Whether it is still good, its row tells: latchkey sessions find -' : 'It is cut or mistyped.';
  call.print(facts, `${textFacts(facts)}\n\n${hint}`);
}

const USES: Readonly<Record<string, string>> = { 'at+jwt': 'access', 'rt+jwt': 'refresh' };

function describeJwt(call: Call, { header, claims }: JwtText, verdict: JwtVerdict | null): void {
  const use = USES[String(header['typ'])] ?? null;
  const judged: Record<string, Cell> = verdict ? { ...verdict } : { signature: 'not_checked' };
  const facts = { kind: 'jwt', use, ...judged };
  const text = [
    textFacts(facts),
    `Header\n${textFacts(cellsOf(header))}`,
    `Claims${verdict?.signature === 'ours' ? '' : ' (not proven)'}\n${textFacts(cellsOf(claims))}`,
  ];
  call.print({ ...facts, header, claims }, text.join('\n\n'));
}

const TIMES = new Set(['iat', 'exp', 'nbf', 'auth_time']);
const MOST_SECONDS = 8.64e12;

/** Values as a person reads them; times as times. */
function cellsOf(values: Readonly<Record<string, unknown>>): Record<string, Cell> {
  const cells = Object.entries(values).map(([name, value]) => {
    const isTime = TIMES.has(name) && typeof value === 'number' && Math.abs(value) < MOST_SECONDS;
    if (isTime) return [`  ${name}`, new Date(value * 1000)] as const;
    return [`  ${name}`, typeof value === 'string' ? value : JSON.stringify(value)] as const;
  });
  return Object.fromEntries(cells);
}
