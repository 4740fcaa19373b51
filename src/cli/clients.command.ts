import { AuthError } from '@latchkey/nest';
import { InvalidArgumentError, type Command } from 'commander';
import type { ListedClient } from '../clients/client';
import { ClientRegistry } from '../clients/client-registry';
import { ClientStore } from '../clients/client.store';
import { ClientsModule } from '../clients/clients.module';
import { Clock } from '../common/clock';
import { parseDuration } from '../config/duration';
import { UsageError } from './failure';
import { listOf } from './list-option';
import { asOperator, type Operator } from './operator';
import type { Call, Shell } from './shell';
import { textFacts, textTable } from './text-table';

const CREATE_HELP = `
The secret is shown once and kept as a hash. A client knows of the tenants and audiences that it is bound to, and of
nothing else.

Example:
  $ latchkey clients create orders --tenant acme
  $ latchkey clients create gateway --all-tenants --audience latchkey-api --json`;

const ROTATE_HELP = `
The secret before stays good for the overlap, so that the new one can be rolled out. With --now it ends at once, and
with it every token and stream of the client.

Example:
  $ latchkey clients rotate orders
  $ latchkey clients rotate orders --overlap 1h
  $ latchkey clients rotate orders --now`;

const LONGEST_OVERLAP = 90 * 86_400_000;

export function addClients(program: Command, shell: Shell): void {
  const clients = program
    .command('clients')
    .description('make, list and change clients: resource servers and machines');
  clients
    .command('create')
    .description('make a client')
    .argument('<name>', 'name for people, used by no other client')
    .option('--tenant <slug|id>', 'tenant that it is bound to; may be repeated, or several with commas', listOf)
    .option('--all-tenants', 'bind it to every tenant there is and will be')
    .option('--audience <audience>', 'audience that it is bound to; may be repeated; auth.jwt.audience if none', listOf)
    .addHelpText('after', CREATE_HELP)
    .action(shell.does(create));
  clients
    .command('list')
    .description('list clients')
    .addHelpText('after', '\nExample:\n  $ latchkey clients list')
    .action(shell.does(list));
  one(clients, 'rotate', 'give it a new secret')
    .option('--overlap <duration>', 'how long the secret before stays good', overlapOf, 86_400_000)
    .option('--now', 'end every other secret at once')
    .addHelpText('after', ROTATE_HELP)
    .action(shell.does(rotate));
  changing(clients, shell, 'disable', 'refuse it and end its tokens and streams', 'Disabled');
  changing(clients, shell, 'enable', 'let a disabled client in again', 'Enabled');
  changing(clients, shell, 'delete', 'remove it and end its tokens and streams', 'Deleted');
}

function one(clients: Command, name: string, description: string): Command {
  return clients.command(name).description(description).argument('<client>', 'id or name');
}

function changing(clients: Command, shell: Shell, verb: 'disable' | 'enable' | 'delete', says: string, done: string) {
  one(clients, verb, says)
    .addHelpText('after', `\nExample:\n  $ latchkey clients ${verb} orders`)
    .action(
      shell.does(async (call) => {
        const client = await asOperator(
          call,
          async (operator) => {
            const found = await named(operator, call.arguments[0] as string);
            await operator.get(ClientRegistry)[verb](found.id);
            return found;
          },
          [ClientsModule],
        );
        call.print({ client: { id: client.id, name: client.name }, [`${verb}d`]: true }, `${done} ${client.name}.`);
      }),
    );
}

interface CreateOptions {
  readonly tenant?: string[];
  readonly allTenants?: boolean;
  readonly audience?: string[];
}

async function create(call: Call): Promise<void> {
  const name = call.arguments[0] as string;
  const { tenant: slugs = [], allTenants = false, audience } = call.options<CreateOptions>();
  if (allTenants === slugs.length > 0) throw new UsageError('Say which tenants: --tenant for each, or --all-tenants');
  const audiences = audience ?? [call.config().auth.jwt.audience];
  const { made, client } = await asOperator(
    call,
    async (operator) => {
      const bound = [];
      for (const slug of slugs) bound.push((await operator.tenant(slug)).id);
      const tenants = allTenants ? ('all' as const) : [...new Set(bound)];
      const created = await operator.get(ClientRegistry).create({ name, tenants, audiences });
      return { made: created, client: await named(operator, created.id) };
    },
    [ClientsModule],
  );
  printSecret(call, client, made.secret, `Made the client ${client.name}.`);
}

async function list(call: Call): Promise<void> {
  const clients = await asOperator(call, (operator) => operator.get(ClientStore).list(operator.get(Clock).date()), [
    ClientsModule,
  ]);
  const rows = clients.map((client) => [
    client.id,
    client.name,
    client.enabled ? 'enabled' : 'disabled',
    client.tenants,
    client.audiences,
    client.secrets.length,
    client.secrets.find(({ expiresAt }) => expiresAt)?.expiresAt,
  ]);
  const headings = ['ID', 'NAME', 'STATUS', 'TENANTS', 'AUDIENCES', 'SECRETS', 'OLD ONE ENDS'];
  call.print({ clients: clients.map(factsOf) }, textTable(headings, rows));
}

async function rotate(call: Call): Promise<void> {
  const { overlap, now } = call.options<{ overlap: number; now?: boolean }>();
  const { client, secret } = await asOperator(
    call,
    async (operator) => {
      const found = await named(operator, call.arguments[0] as string);
      const registry = operator.get(ClientRegistry);
      const fresh = now ? await registry.rotateNow(found.id) : await registry.rotate(found.id, overlap);
      return { client: await named(operator, found.id), secret: fresh };
    },
    [ClientsModule],
  );
  const ends = client.secrets.find(({ expiresAt }) => expiresAt)?.expiresAt;
  const old = ends ? `the one before is good until ${ends.toISOString()}` : 'every other one has ended';
  printSecret(call, client, secret, `${client.name} has a new secret; ${old}.`);
}

function printSecret(call: Call, client: ListedClient, secret: string, sentence: string): void {
  const text = `${sentence} The secret is not shown again:\n\n${textFacts({ client_id: client.id, client_secret: secret })}`;
  call.print({ client: factsOf(client), client_secret: secret }, text);
}

async function named(operator: Operator, name: string): Promise<ListedClient> {
  const client = await operator.get(ClientStore).find(name, operator.get(Clock).date());
  if (!client) throw new AuthError('not_found', 'There is no such client: `latchkey clients list` shows them');
  return client;
}

function overlapOf(given: string): number {
  const overlap = parseDuration(given);
  if (typeof overlap === 'number' && overlap > 0 && overlap <= LONGEST_OVERLAP) return overlap;
  throw new InvalidArgumentError('It is a duration such as 30m, 24h or 7d, at most 90d; --now ends it at once.');
}

function factsOf({ id, name, enabled, tenants, audiences, createdAt, secrets }: ListedClient): object {
  return {
    id,
    name,
    enabled,
    all_tenants: tenants === 'all',
    tenants: tenants === 'all' ? [] : tenants,
    audiences,
    created_at: createdAt,
    secrets: secrets.map((secret) => ({ created_at: secret.createdAt, expires_at: secret.expiresAt })),
  };
}
