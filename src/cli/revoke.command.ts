import { AuthError, type RevocationTarget } from '@latchkey/nest';
import type { Command } from 'commander';
import { isUuid } from '../common/uuid';
import { LoginRevoker } from '../strategy/login-revoker';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { UsageError } from './failure';
import { asOperator, type Operator } from './operator';
import { OperatorStore } from './operator.store';
import type { Call, Shell } from './shell';
import { withTenant, type TenantOption } from './tenant-option';
import { printable } from './text-table';

const HELP = `
Name a session, a --user, a whole --tenant or --everyone. The last two need --yes and a --reason, which is
written to standard error as a line of the log.
Running services refuse the tokens within a second. A login without a row (a JWT) is named by its \`sid\` and its --user.

Example:
  $ latchkey sessions revoke 0b8f7c1e-5d0f-4a53-9a53-6a1f0c2f7f10
  $ latchkey sessions revoke --user ada@example.com --tenant acme
  $ latchkey sessions revoke --everyone --reason 'leaked backup' --yes`;

const LONGEST_REASON = 200;

interface RevokeOptions extends TenantOption {
  readonly user?: string;
  readonly everyone?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
}

/** What was ended; `hadRow` tells whether a live row was among it, where that is known. */
interface Ended {
  readonly target: RevocationTarget;
  readonly hadRow: boolean | null;
  readonly text: string;
}

type Ending = (operator: Operator) => Promise<Ended>;

export function addRevoke(sessions: Command, shell: Shell): void {
  withTenant(sessions.command('revoke'))
    .description('end logins')
    .argument('[session]', 'id of one session')
    .option('--user <user>', 'every login of this user: id, e-mail address or username')
    .option('--everyone', 'every login of every tenant')
    .option('--reason <text>', 'why, for the log')
    .option('--yes', 'needed for a whole tenant and for everyone')
    .addHelpText('after', HELP)
    .action(shell.does(revoke));
}

async function revoke(call: Call): Promise<void> {
  const { reason } = call.options<RevokeOptions>();
  if (reason !== undefined && reason.length > LONGEST_REASON) {
    throw new UsageError(`A reason has at most ${LONGEST_REASON} characters`);
  }
  const ending = endingOf(call.arguments[0], call.options<RevokeOptions>());
  const { target, hadRow, text } = await asOperator(call, ending);
  if (reason !== undefined)
    call.record.info({ event: 'revoked_by_operator', ...factsOf(target), reason }, 'Logins ended');
  call.print({ revoked: factsOf(target), had_row: hadRow, reason: reason ?? null }, text);
}

function endingOf(session: string | undefined, options: RevokeOptions): Ending {
  const { tenant, user, everyone } = options;
  if (everyone) {
    if (session ?? user ?? tenant) throw new UsageError('--everyone stands alone');
    requireIntent(options);
    return endEveryone;
  }
  if (session !== undefined) {
    if (!isUuid(session))
      throw new UsageError('A session is named by its id; `latchkey sessions find -` reads a token');
    return (operator) => endSession(operator, session, options);
  }
  if (user !== undefined) return (operator) => endUser(operator, user, tenant);
  if (tenant === undefined) throw new UsageError('Say whose logins: a session id, --user, --tenant or --everyone');
  requireIntent(options);
  return (operator) => endTenant(operator, tenant);
}

function requireIntent({ yes, reason }: RevokeOptions): void {
  if (!yes || !reason) throw new UsageError('That ends many logins at once: give --yes and a --reason');
}

async function endSession(operator: Operator, sessionId: string, options: RevokeOptions): Promise<Ended> {
  const tenant = await operator.tenant(options.tenant);
  const userId = options.user === undefined ? null : (await operator.account(tenant, options.user)).id;
  const row = await operator.get(OperatorStore).find(sessionId, tenant.id);
  const revoker = operator.get(LoginRevoker);
  if (row && (userId === null || userId === row.user_id)) {
    const target = { kind: 'session', tenantId: tenant.id, userId: row.user_id, sessionId } as const;
    const hadRow = await revoker.revokeRow(target, 'revoked_by_operator');
    return { target, hadRow, text: hadRow ? `Ended the login ${sessionId}.` : 'That login was over already.' };
  }
  if (row || userId === null) {
    const hint = row ? '' : ', or it has no row: name its user as well';
    throw new AuthError('not_found', `There is no such session in the tenant ${tenant.slug}${hint}`);
  }
  requireCapability(operator, 'revokeSession');
  const target = { kind: 'session', tenantId: tenant.id, userId, sessionId } as const;
  await revoker.revoke(target, 'revoked_by_operator');
  return { target, hadRow: false, text: `No row stands behind ${sessionId}; its tokens are refused from now on.` };
}

async function endUser(operator: Operator, user: string, named: string | undefined): Promise<Ended> {
  requireCapability(operator, 'revokeAllSessions');
  const tenant = await operator.tenant(named);
  const { id: userId } = await operator.account(tenant, user);
  return endAll(operator, { kind: 'user', tenantId: tenant.id, userId }, `Ended every login of ${printable(user)}.`);
}

async function endTenant(operator: Operator, named: string): Promise<Ended> {
  requireCapability(operator, 'revokeAllSessions');
  const { id: tenantId, slug } = await operator.tenant(named);
  return endAll(operator, { kind: 'tenant', tenantId }, `Ended every login of the tenant ${slug}.`);
}

const endEveryone: Ending = (operator) => {
  requireCapability(operator, 'revokeAllSessions');
  return endAll(operator, { kind: 'global' }, 'Ended every login of every tenant.');
};

async function endAll(operator: Operator, target: RevocationTarget, text: string): Promise<Ended> {
  await operator.get(LoginRevoker).revoke(target, 'revoked_by_operator');
  return { target, hadRow: null, text };
}

function requireCapability(operator: Operator, what: 'revokeSession' | 'revokeAllSessions'): void {
  if (operator.get(ModeCapabilities).describe()[what]) return;
  const message = 'Tokens of the configured mode cannot be revoked; they expire. See `latchkey mode show`';
  throw new AuthError('unsupported_in_mode', message);
}

function factsOf(target: RevocationTarget): object {
  return {
    kind: target.kind,
    ...('tenantId' in target && { tenant_id: target.tenantId }),
    ...('userId' in target && { user_id: target.userId }),
    ...('sessionId' in target && { session_id: target.sessionId }),
  };
}
