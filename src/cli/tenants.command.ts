import { AuthError } from '@latchkey/nest';
import { Option, type Command } from 'commander';
import type { RegistrationPolicy, Tenant } from '../tenancy/tenant.entity';
import { TenantStore } from '../tenancy/tenant.store';
import { UsageError } from './failure';
import { listOf } from './list-option';
import { asOperator } from './operator';
import type { Call, Shell } from './shell';
import { textTable } from './text-table';

const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;

const LIST_HELP = `
Example:
  $ latchkey tenants list`;

const CREATE_HELP = `
Example:
  $ latchkey tenants create acme --name 'Acme Ltd' --host login.acme.example --registration closed`;

export function addTenants(program: Command, shell: Shell): void {
  const tenants = program.command('tenants').description('list and make tenants');
  tenants.command('list').description('list all tenants').addHelpText('after', LIST_HELP).action(shell.does(list));
  tenants
    .command('create')
    .description('make a tenant')
    .argument('<slug>', 'short name: lower-case letters, digits and dashes')
    .option('--name <name>', 'name for people; the slug when not given')
    .option('--host <host>', 'host name that means this tenant; may be repeated', listOf)
    .addOption(
      new Option('--registration <policy>', 'who may register; otherwise the configuration decides').choices([
        'open',
        'invite',
        'closed',
      ]),
    )
    .addHelpText('after', CREATE_HELP)
    .action(shell.does(create));
}

async function list(call: Call): Promise<void> {
  const tenants = await asOperator(call, (operator) => operator.get(TenantStore).list());
  const rows = tenants.map(({ slug, id, name, hosts, registration }) => [slug, id, name, hosts, registration]);
  call.print({ tenants: tenants.map(factsOf) }, textTable(['SLUG', 'ID', 'NAME', 'HOSTS', 'REGISTRATION'], rows));
}

async function create(call: Call): Promise<void> {
  const slug = call.arguments[0] as string;
  const { name = slug, host, registration } = call.options<CreateOptions>();
  if (!SLUG.test(slug)) throw new UsageError('A slug is 1 to 63 lower-case letters, digits and dashes');
  const tenant = await asOperator(call, (operator) =>
    operator.get(TenantStore).create({ slug, name, hosts: host, registration }),
  );
  if (!tenant) throw new AuthError('conflict', `There is a tenant ${slug} already`);
  call.print({ tenant: factsOf(tenant) }, `Made the tenant ${slug}: ${tenant.id}`);
}

interface CreateOptions {
  readonly name?: string;
  readonly host?: string[];
  readonly registration?: RegistrationPolicy;
}

function factsOf({ id, slug, name, hosts, registration, createdAt }: Tenant): object {
  return { id, slug, name, hosts, registration, created_at: createdAt };
}
