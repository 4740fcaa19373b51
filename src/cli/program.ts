import { Command, CommanderError } from 'commander';
import { addAudit } from './audit.command';
import { addClients } from './clients.command';
import { addConfig } from './config.command';
import { addDoctor } from './doctor.command';
import { EXIT, failureOf, type ExitCode } from './failure';
import { addKeys } from './keys.command';
import { addMigrate } from './migrate.command';
import { addMode } from './mode.command';
import { addPasswords } from './passwords.command';
import { addSessions } from './sessions.command';
import { Shell, type Surroundings } from './shell';
import { addStart } from './start.command';
import { addTenants } from './tenants.command';
import { addToken } from './token.command';
import { addUsers } from './users.command';
import { ownVersion } from '../common/version';

const AFTER_HELP = `
Exit codes: 0 done, 1 a check or the operation failed, 2 wrong usage, 3 configuration error, 4 database not reachable.

Example:
  $ latchkey start
  $ latchkey users create --email ada@example.com --role admin`;

/** Runs one command line and answers the exit code; whatever goes wrong is one message on standard error. */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const json = args.includes('--json');
  const shell = new Shell(surroundings);
  try {
    await createProgram(shell, { helpOnError: !json }).parseAsync(args, { from: 'user' });
    return shell.exitCode;
  } catch (thrown) {
    if (wasHelp(thrown)) return EXIT.ok;
    const failure = failureOf(thrown);
    const text = json ? JSON.stringify(failure) : `latchkey: ${failure.detail}`;
    surroundings.terminal.stderr.write(`${text}\n`);
    return failure.exit_code;
  }
}

/** The command line. */
export function createProgram(shell: Shell, { helpOnError = true } = {}): Command {
  const { stdout, stderr } = shell.terminal;
  const program = new Command('latchkey')
    .description('An authentication service with two modes: stateful sessions and stateless JWTs.')
    .option('-c, --config <file>', 'configuration file, instead of config/default.yaml and its overlay')
    .option('--json', 'answer in JSON')
    .option('-v, --verbose', 'write the log to standard error')
    .version(ownVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void (helpOnError && stderr.write(text)),
      outputError: () => {},
    })
    .exitOverride()
    .addHelpText('after', AFTER_HELP);
  for (const add of [addStart, addMigrate, addDoctor, addConfig, addMode]) add(program, shell);
  const further = [addUsers, addSessions, addTenants, addClients, addKeys, addToken, addAudit, addPasswords];
  for (const add of further) add(program, shell);
  return program;
}

function wasHelp(thrown: unknown): boolean {
  return thrown instanceof CommanderError && thrown.exitCode === 0;
}
