import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UsageError } from './failure';
import { readInput, type Terminal } from './terminal';

/**
 * A password from standard input, one line, or asked for twice without echo when a person sits there. Never from an
 * argument: every user of the machine can read those.
 */
export async function readPassword(terminal: Terminal, fromInput: boolean): Promise<string> {
  if (fromInput) return lineOf(await readInput(terminal));
  if (!terminal.stdin.isTTY) throw new UsageError('Give the password on standard input with --password-stdin');
  const [password, again] = await askTwice(terminal);
  if (password !== again) throw new UsageError('The two passwords differ');
  return password as string;
}

function lineOf(input: string): string {
  const line = input.replace(/\r?\n$/, '');
  if (line === '') throw new UsageError('Standard input holds no password');
  if (/[\r\n]/.test(line)) throw new UsageError('Standard input holds more than one line');
  return line;
}

async function askTwice({ stdin, stderr }: Terminal): Promise<string[]> {
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: mute, terminal: true });
  const left = new Promise<never>((_, reject) => {
    lines.once('close', () => reject(new UsageError('No password was given')));
  });
  left.catch(() => undefined);
  const ask = async (question: string): Promise<string> => {
    stderr.write(question);
    const answer = await Promise.race([lines.question(''), left]);
    stderr.write('\n');
    return answer;
  };
  try {
    return [await ask('Password: '), await ask('Again: ')];
  } finally {
    lines.close();
  }
}
