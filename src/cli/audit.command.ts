import { InvalidArgumentError, Option, type Command } from 'commander';
import { AuditChainStore } from '../audit/audit-chain.store';
import { eventFacts } from '../audit/audit-event';
import { AuditReader } from '../audit/audit-reader.store';
import { AuditVerifier, type AuditVerdict } from '../audit/audit-verifier';
import { scopeAndFilter, withAuditFilter, type AuditFilterOptions } from './audit-filter';
import { exportAudit } from './audit-export';
import { addAuditWebhooks } from './audit-webhooks.command';
import { EXIT, type ExitCode } from './failure';
import { countOf } from './list-option';
import { asOperator } from './operator';
import type { Call, Shell } from './shell';
import { textTable } from './text-table';

const LIST_HELP = `
Newest first.

Example:
  $ latchkey audit list --event login_failed,account_locked --from 2026-11-01`;

const EXPORT_HELP = `
Oldest first, on standard output, however many there are.

Example:
  $ latchkey audit export --format jsonl --from 2026-11-01 --to 2026-12-01 > november.jsonl
  $ latchkey audit export --format csv --tenant acme > acme.csv`;

const VERIFY_HELP = `
Ends with 1 and names the first broken place when an event was changed, removed or added, or a seal is missing. Keep the
printed head outside of the database: with --head a later check shows that the chain still contains it.

Example:
  $ latchkey audit verify
  $ latchkey audit verify --head "$(cat audit-head.txt)"`;

export function addAudit(program: Command, shell: Shell): void {
  const audit = program.command('audit').description('read, export and check what happened');
  withAuditFilter(audit.command('list'))
    .description('list events')
    .option('--limit <count>', 'most events to list', countOf, 50)
    .addHelpText('after', LIST_HELP)
    .action(shell.does(list));
  withAuditFilter(audit.command('export'))
    .description('write events as lines of JSON or as CSV')
    .addOption(new Option('--format <format>', 'jsonl or csv').choices(['jsonl', 'csv']).default('jsonl'))
    .addHelpText('after', EXPORT_HELP)
    .action(shell.does(exportAudit));
  audit
    .command('verify')
    .description('check that no event was changed, removed or added')
    .option('--head <head>', 'the head that an earlier check printed', headOf)
    .addHelpText('after', VERIFY_HELP)
    .action(shell.does(verify));
  addAuditWebhooks(audit, shell);
}

async function list(call: Call): Promise<void> {
  const { limit } = call.options<AuditFilterOptions & { limit: number }>();
  const rows = await asOperator(call, async (operator) => {
    const { scope, filter } = await scopeAndFilter(call, operator);
    return (await operator.get(AuditReader).page(scope, filter, { limit }))?.events ?? [];
  });
  const cells = rows.map((row) => [
    row.occurredAt,
    row.event,
    row.outcome,
    row.reason,
    row.actorId ?? row.actorKind,
    row.targetId ?? row.targetKind,
    row.ipAddress,
    row.requestId,
  ]);
  const headings = ['TIME', 'EVENT', 'OUTCOME', 'REASON', 'ACTOR', 'TARGET', 'ADDRESS', 'REQUEST'];
  const text = rows.length === 0 ? 'There are no such events.' : textTable(headings, cells);
  call.print({ events: rows.map(eventFacts) }, text);
}

async function verify(call: Call): Promise<ExitCode> {
  const { head } = call.options<{ head?: string }>();
  const { verdict, end } = await asOperator(call, async (operator) => ({
    verdict: await operator.get(AuditVerifier).verify(head),
    end: await operator.get(AuditChainStore).head(),
  }));
  const { broken, ...counts } = verdict;
  const facts = { intact: broken === null, broken, ...counts, last_seal: end?.seq ?? null };
  call.print(facts, broken ? `BROKEN: ${broken.detail}` : intactText(verdict));
  return broken ? EXIT.failed : EXIT.ok;
}

function intactText({ seals, events, dropped, unsealed, head }: AuditVerdict): string {
  const gone = dropped === 0 ? '' : `, ${dropped} more were dropped by age`;
  const since = unsealed === 0 ? '' : `, ${unsealed} are not sealed yet`;
  return `Intact: ${events} events below ${seals} seals${gone}${since}.\nHead: ${head}`;
}

function headOf(given: string): string {
  if (!/^\d{1,19}:([0-9a-f]{64})?$/.test(given)) throw new InvalidArgumentError('It is what `audit verify` printed.');
  return given;
}
