import type { Command } from 'commander';
import { snakeCased } from '../config/casing';
import { capabilitiesOf } from '../strategy/mode-capabilities';
import { issuancePolicyOf } from '../strategy/strategy.module';
import { addModePlan } from './mode-plan.command';
import type { Call, Shell } from './shell';
import { textFacts } from './text-table';

const HELP = `
The same facts as GET /auth/mode. Needs no database.

Example:
  $ latchkey mode show --json`;

export function addMode(program: Command, shell: Shell): void {
  const mode = program.command('mode').description('look at the mode');
  mode
    .command('show')
    .description('say what the configured mode issues and what it can do')
    .addHelpText('after', HELP)
    .action(shell.does(show));
  addModePlan(mode, shell);
}

function show(call: Call): void {
  const config = call.config();
  const capabilities = capabilitiesOf(issuancePolicyOf(config), config, null);
  const { revokeSession, logoutTakesEffect } = capabilities;
  const text = textFacts({
    mode: capabilities.mode,
    accepts: capabilities.accepts,
    'access token': capabilities.accessToken,
    'refresh token': capabilities.refreshToken,
    'list sessions': yesNo(capabilities.listSessions),
    'revoke one session': revokeSession === false ? 'no' : revokeSession === 'listed' ? 'yes' : 'by its id',
    'revoke all sessions': yesNo(capabilities.revokeAllSessions),
    'a logout takes effect': logoutTakesEffect === 'at_once' ? 'at once' : 'when the token expires',
    'sign in with': capabilities.identifier,
    registration: capabilities.registration,
  });
  call.print(snakeCased(capabilities) as object, text);
}

function yesNo(can: boolean): string {
  return can ? 'yes' : 'no';
}
