import type { Command } from 'commander';
import { assertRolesOfTenant } from '../identity/admin-roles';
import { RegistrationService } from '../identity/registration.service';
import { UserStore } from '../identity/user.store';
import { accountFacts, nameOf } from './account-facts';
import { countOf, listOf } from './list-option';
import { asOperator } from './operator';
import { readPassword } from './password-input';
import type { Call, Shell } from './shell';
import { withTenant, type TenantOption } from './tenant-option';
import { textTable } from './text-table';
import { addUserChanges } from './user-changes.command';
import { addUsersImport } from './users-import.command';

const CREATE_HELP = `
A person at a terminal is asked for the password; --password-stdin takes it from a pipe. It is never an argument.

Example:
  $ latchkey users create --email ada@example.com --role admin
  $ openssl rand -base64 18 | latchkey users create --email bot@example.com --password-stdin --json`;

const LIST_HELP = `
Oldest first. --after takes the last id of the page before.

Example:
  $ latchkey users list --tenant acme --limit 20`;

export function addUsers(program: Command, shell: Shell): void {
  const users = program.command('users').description('make, list and change accounts');
  withTenant(users.command('create'))
    .description('make an account')
    .option('--email <address>', 'e-mail address; this or a username is needed')
    .option('--username <name>', 'username')
    .option('--name <name>', 'name for people')
    .option('--role <role>', 'role; may be repeated, or several with commas', listOf)
    .option('--password-stdin', 'read the password from standard input')
    .option('--no-password', 'make an account that cannot sign in with a password')
    .addHelpText('after', CREATE_HELP)
    .action(shell.does(create));
  withTenant(users.command('list'))
    .description('list accounts')
    .option('--limit <count>', 'most accounts to list', countOf, 50)
    .option('--after <id>', 'begin after this account')
    .addHelpText('after', LIST_HELP)
    .action(shell.does(list));
  addUserChanges(users, shell);
  addUsersImport(users, shell);
}

interface CreateOptions extends TenantOption {
  readonly email?: string;
  readonly username?: string;
  readonly name?: string;
  readonly role?: string[];
  readonly passwordStdin?: boolean;
  readonly password: boolean;
}

async function create(call: Call): Promise<void> {
  const { tenant: named, email, username, name, role: roles, ...how } = call.options<CreateOptions>();
  call.config(); // Nobody should type a password only to learn that the configuration is wrong.
  const password = how.password ? await readPassword(call.terminal, how.passwordStdin === true) : null;
  const account = await asOperator(call, async (operator) => {
    const tenant = await operator.tenant(named);
    assertRolesOfTenant(roles ?? [], tenant);
    const user = { tenantId: tenant.id, email, username, name, roles, password };
    const id = await operator.get(RegistrationService).createUser(user);
    return operator.account(tenant, id);
  });
  call.print({ user: accountFacts(account) }, `Made the account ${nameOf(account)}: ${account.id}`);
}

interface ListOptions extends TenantOption {
  readonly limit: number;
  readonly after?: string;
}

async function list(call: Call): Promise<void> {
  const { tenant: named, limit, after } = call.options<ListOptions>();
  const users = await asOperator(call, async (operator) => {
    const tenant = await operator.tenant(named);
    return operator.get(UserStore).list(tenant.id, { limit: limit + 1, after });
  });
  const page = users.slice(0, limit);
  const next = users.length > limit ? (page.at(-1)?.id ?? null) : null;
  const rows = page.map((user) => [user.id, user.email, user.username, user.roles, user.status, user.createdAt]);
  const table = textTable(['ID', 'EMAIL', 'USERNAME', 'ROLES', 'STATUS', 'CREATED'], rows);
  const facts = page.map((user) => ({ ...accountFacts(user), created_at: user.createdAt }));
  call.print({ users: facts, next }, next ? `${table}\n\nMore: --after ${next}` : table);
}
