import type { AuthMode } from '@latchkey/nest';
import { Option, type Command } from 'commander';
import { Clock } from '../common/clock';
import { snakeCased } from '../config/casing';
import type { Config } from '../config/config';
import { RootKeys } from '../keys/root-keys';
import { issuancePolicyOf } from '../strategy/strategy.module';
import { planOf, type ModePlan } from './mode-plan';
import { ModePlanStore } from '../strategy/mode-plan.store';
import { asOperator } from './operator';
import type { Call, Shell } from './shell';
import { textTable } from './text-table';

const HELP = `
Changes nothing. Logins with JWTs alone leave no row: what the fleet recorded about its longest lifetimes bounds them.

Example:
  $ latchkey mode plan
  $ latchkey mode plan --to stateless --json`;

export function addModePlan(mode: Command, shell: Shell): void {
  mode
    .command('plan')
    .description('say what a change of mode would meet, and what must be configured before')
    .addOption(
      new Option('--to <mode>', 'the mode to change to; the other one if not given').choices(['stateful', 'stateless']),
    )
    .addHelpText('after', HELP)
    .action(shell.does(plan));
}

async function plan(call: Call): Promise<void> {
  const config = call.config();
  const current = issuancePolicyOf(config);
  const { to = current.mode === 'stateful' ? 'stateless' : 'stateful' } = call.options<{ to?: AuthMode }>();
  const planned = await asOperator(call, async (operator) => {
    const now = operator.get(Clock).date();
    const facts = await operator.get(ModePlanStore).read(now);
    const roots = operator.get(RootKeys);
    const knowsRoot = (id: string): boolean => roots.deriveWith(id, 'signing-keys') !== null;
    const wanted = issuancePolicyOf(withMode(config, to));
    return planOf(facts, { from: current, to: wanted, config, knowsRoot, now });
  });
  call.print(factsOf(planned), textOf(planned));
}

function withMode(config: Config, mode: AuthMode): Config {
  return { ...config, auth: { ...config.auth, mode } };
}

function factsOf({ from, to, ...rest }: ModePlan): object {
  const end = ({ mode, kind }: ModePlan['from']): object => ({ mode, kind });
  return snakeCased(JSON.parse(JSON.stringify({ from: end(from), to: end(to), ...rest }))) as object;
}

const NAMES = { session: 'opaque sessions', tracked_jwt: 'JWTs with a row', untracked_jwt: 'JWTs alone' } as const;

function textOf({ from, to, logins, oldAccessGoneAt, oldLoginsGoneAt, requirements }: ModePlan): string {
  const rows = logins.map((entry) => [
    NAMES[entry.kind],
    entry.live ?? `at least ${entry.atLeast}`,
    entry.lastAccessExpiresAt,
    entry.lastLoginEndsAt,
    entry.old ? 'old' : 'goes on',
  ]);
  const gone = oldLoginsGoneAt
    ? `The last old access token dies by ${oldAccessGoneAt?.toISOString() ?? 'now'}, the last login that may still hold an old refresh token by ${oldLoginsGoneAt.toISOString()}.`
    : 'Nothing of an old kind is left.';
  return [
    from.mode === to.mode ? `Staying ${from.mode}.` : `From ${from.mode} to ${to.mode}. Nobody is signed out by it.`,
    textTable(['LIVE LOGINS', 'COUNT', 'LAST ACCESS TOKEN', 'LAST LOGIN', 'AFTERWARDS'], rows),
    gone,
    textTable(
      ['STATE', 'WHAT', 'WHY'],
      requirements.map(({ state, key, detail }) => [state.toUpperCase(), key, detail]),
    ),
  ].join('\n\n');
}
