import { AuthError } from '@latchkey/nest';
import type { Command } from 'commander';
import { Clock } from '../common/clock';
import { CleanupJob } from '../maintenance/cleanup.job';
import { MaintenanceModule } from '../maintenance/maintenance.module';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { countOf } from './list-option';
import { asOperator } from './operator';
import { OperatorStore, type ListedSession } from './operator.store';
import { namedSession } from './named-session';
import { addRevoke } from './revoke.command';
import type { Call, Shell } from './shell';
import { withTenant, type TenantOption } from './tenant-option';
import { textFacts, textTable } from './text-table';

const LIST_HELP = `
Live logins that have a row, latest activity first. In the mode that keeps no rows there is nothing to list.

Example:
  $ latchkey sessions list --user ada@example.com`;

const PURGE_HELP = `
The service does this every auth.session.cleanup_interval.

Example:
  $ latchkey sessions purge`;

const FIND_HELP = `
A token is read from standard input, never from the arguments, which every user of the machine can read.

Example:
  $ pbpaste | latchkey sessions find -
  $ latchkey sessions find 0b8f7c1e-5d0f-4a53-9a53-6a1f0c2f7f10`;

export function addSessions(program: Command, shell: Shell): void {
  const sessions = program.command('sessions').description('look at logins and end them');
  withTenant(sessions.command('list'))
    .description('list live logins')
    .option('--user <user>', 'only of this user: id, e-mail address or username')
    .option('--limit <count>', 'most logins to list', countOf, 50)
    .addHelpText('after', LIST_HELP)
    .action(shell.does(list));
  addRevoke(sessions, shell);
  sessions
    .command('purge')
    .description('remove what is over: sessions, revocations, used refresh tokens, login attempts')
    .addHelpText('after', PURGE_HELP)
    .action(shell.does(purge));
  sessions
    .command('find')
    .description('show the row behind a token or a session id, live or not')
    .argument('<token>', '- reads a token from standard input; or a session id')
    .option('--tenant <slug|id>', 'only in this tenant')
    .addHelpText('after', FIND_HELP)
    .action(shell.does(find));
}

interface ListOptions extends TenantOption {
  readonly user?: string;
  readonly limit: number;
}

async function list(call: Call): Promise<void> {
  const { tenant: named, user, limit } = call.options<ListOptions>();
  const { sessions, keepsRows } = await asOperator(call, async (operator) => {
    const tenant = await operator.tenant(named);
    const userId = user === undefined ? null : (await operator.account(tenant, user)).id;
    const now = operator.get(Clock).date();
    const rows = await operator.get(OperatorStore).list({ tenantId: tenant.id, userId }, now, limit);
    return { sessions: rows, keepsRows: operator.get(ModeCapabilities).describe().listSessions };
  });
  const none = keepsRows
    ? 'There are no live logins.'
    : 'The configured mode keeps no rows, so no login can be listed.';
  call.print({ sessions }, sessions.length === 0 ? none : tableOf(sessions));
}

function tableOf(sessions: readonly ListedSession[]): string {
  const rows = sessions.map((row) => [
    row.id,
    row.email ?? row.username ?? row.user_id,
    row.kind,
    row.device,
    row.ip_address,
    row.last_activity_at,
    row.expires_at,
  ]);
  return textTable(['ID', 'USER', 'KIND', 'DEVICE', 'ADDRESS', 'LAST ACTIVITY', 'EXPIRES'], rows);
}

async function purge(call: Call): Promise<void> {
  const removed = await asOperator(call, (operator) => operator.get(CleanupJob).run(), [MaintenanceModule]);
  const text =
    removed === null
      ? 'Another process is cleaning up right now.'
      : `Removed ${removed} ${removed === 1 ? 'row' : 'rows'}.`;
  call.print({ removed, busy: removed === null }, text);
}

async function find(call: Call): Promise<void> {
  const named = await namedSession(call);
  const session = await asOperator(call, async (operator) => {
    const { tenant } = call.options<TenantOption>();
    const tenantId = tenant === undefined ? null : (await operator.tenant(tenant)).id;
    const store = operator.get(OperatorStore);
    const row = await store.find(named.sessionId, tenantId);
    return row && { ...row, token: await named.standing(store) };
  });
  if (!session) throw new AuthError('not_found', 'No row stands behind that: it is unknown, removed, or never had one');
  call.print({ session }, textFacts({ ...session }));
}
