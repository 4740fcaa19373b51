import { AuthError } from '@latchkey/nest';
import type { Command } from 'commander';
import { AccountChanges } from '../identity/account-changes.service';
import { assertRoles } from '../identity/account-rules';
import { assertRolesOfTenant } from '../identity/admin-roles';
import { PasswordHasher } from '../identity/passwords/password-hasher';
import { PasswordPolicy } from '../identity/passwords/password-policy';
import { AccountUnlock } from '../identity/account-unlock.service';
import type { Tenant } from '../tenancy/tenant.entity';
import { accountFacts, nameOf } from './account-facts';
import { UsageError } from './failure';
import { listOf } from './list-option';
import { asOperator, type Account, type Operator } from './operator';
import { readPassword } from './password-input';
import type { Call, Shell } from './shell';
import { withTenant, type TenantOption } from './tenant-option';

const NAMED = 'id, e-mail address or username';

/** What is done with one account, and the sentence that says so. */
type Change = (operator: Operator, account: Account, tenant: Tenant) => Promise<string>;

export function addUserChanges(users: Command, shell: Shell): void {
  const one = (name: string, description: string, example: string) =>
    withTenant(users.command(name))
      .description(description)
      .argument('<user>', NAMED)
      .addHelpText('after', `\nExample:\n  $ latchkey users ${example}`);
  one('unlock', 'forget the wrong passwords of an account', 'unlock ada@example.com').action(shell.does(unlock));
  one('disable', 'end every login and let the account sign in no more', 'disable ada@example.com').action(
    shell.does((call) => change(call, disable)),
  );
  one('enable', 'let a disabled account sign in again', 'enable ada@example.com').action(
    shell.does((call) => change(call, enable)),
  );
  one('roles', 'show or change the roles', 'roles ada@example.com --add admin --remove guest')
    .option('--set <roles>', 'have exactly these; an empty word for none', listOf)
    .option('--add <roles>', 'have these too', listOf)
    .option('--remove <roles>', 'have these no more', listOf)
    .action(shell.does(roles));
  one('password', 'set a new password and end every login', 'password ada@example.com')
    .option('--password-stdin', 'read the password from standard input')
    .action(shell.does(password));
}

async function change(call: Call, make: Change): Promise<void> {
  const { text, account } = await asOperator(call, async (operator) => {
    const tenant = await operator.tenant(call.options<TenantOption>().tenant);
    const before = await operator.account(tenant, call.arguments[0] as string);
    const done = await make(operator, before, tenant);
    return { text: done, account: await operator.account(tenant, before.id) };
  });
  call.print({ user: accountFacts(account) }, text);
}

const disable: Change = async (operator, account) => {
  await operator.get(AccountChanges).disable(refOf(account));
  return `Disabled ${nameOf(account)}: every login is ended.`;
};

const enable: Change = async (operator, account) => {
  await operator.get(AccountChanges).enable(refOf(account));
  return `Enabled ${nameOf(account)}.`;
};

interface RoleOptions {
  readonly set?: string[];
  readonly add?: string[];
  readonly remove?: string[];
}

async function roles(call: Call): Promise<void> {
  const { set, add = [], remove = [] } = call.options<RoleOptions>();
  if (set && add.length + remove.length > 0) throw new UsageError('Give --set, or --add and --remove, not both');
  await change(call, async (operator, account, tenant) => {
    const wanted = [...new Set([...(set ?? account.roles), ...add])].filter((role) => !remove.includes(role));
    assertRoles(wanted);
    assertRolesOfTenant(wanted, tenant);
    const same = wanted.length === account.roles.length && wanted.every((role) => account.roles.includes(role));
    if (!same) await operator.get(AccountChanges).setRoles(refOf(account), wanted);
    return `Roles of ${nameOf(account)}: ${wanted.join(', ') || 'none'}`;
  });
}

async function password(call: Call): Promise<void> {
  call.config(); // Nobody should type a password only to learn that the configuration is wrong.
  const given = await readPassword(call.terminal, call.options<{ passwordStdin?: boolean }>().passwordStdin === true);
  await change(call, async (operator, account, tenant) => {
    await operator.get(PasswordPolicy).assertAcceptable(given, { ...account, tenant: tenant.name });
    const hash = await operator.get(PasswordHasher).hash(given);
    await operator.get(AccountChanges).setPasswordHash(refOf(account), hash);
    return `Set the password of ${nameOf(account)}: every login is ended.`;
  });
}

/** Locks are kept by the account, and by what was typed where there is none. */
async function unlock(call: Call): Promise<void> {
  const typed = call.arguments[0] as string;
  const unlocked = await asOperator(call, async (operator) => {
    const tenant = await operator.tenant(call.options<TenantOption>().tenant);
    const account = await operator.account(tenant, typed).catch(orNobody);
    const name = { tenantId: tenant.id, identifier: typed, userId: account?.id };
    const forgotten = await operator.get(AccountUnlock).unlock(name);
    if (!account && !forgotten) throw new AuthError('not_found', 'There is no such user in this tenant');
    return forgotten;
  });
  call.print({ unlocked }, unlocked ? 'Unlocked.' : 'There was nothing to unlock.');
}

function orNobody(error: unknown): null {
  if (error instanceof AuthError && error.code === 'not_found') return null;
  throw error;
}

function refOf({ tenantId, id: userId }: Account): { tenantId: string; userId: string } {
  return { tenantId, userId };
}
