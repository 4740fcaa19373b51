import { once } from 'node:events';
import type { AuditRow } from '../audit/audit-entry';
import { eventFacts, type AuditEventFacts } from '../audit/audit-event';
import { AuditReader } from '../audit/audit-reader.store';
import { scopeAndFilter } from './audit-filter';
import { asOperator, type Operator } from './operator';
import type { Call } from './shell';

const PAGE = 1_000;

type Column = readonly [string, (facts: AuditEventFacts) => string | null];

const COLUMNS: readonly Column[] = [
  ['id', ({ id }) => id],
  ['occurred_at', ({ occurred_at }) => occurred_at],
  ['event', ({ event }) => event],
  ['outcome', ({ outcome }) => outcome],
  ['reason', ({ reason }) => reason],
  ['tenant_id', ({ tenant_id }) => tenant_id],
  ['actor_kind', ({ actor }) => actor?.kind ?? null],
  ['actor_id', ({ actor }) => actor?.id ?? null],
  ['target_kind', ({ target }) => target?.kind ?? null],
  ['target_id', ({ target }) => target?.id ?? null],
  ['user_id', ({ user_id }) => user_id],
  ['session_id', ({ session_id }) => session_id],
  ['client_id', ({ client_id }) => client_id],
  ['ip_address', ({ ip_address }) => ip_address],
  ['user_agent', ({ user_agent }) => user_agent],
  ['request_id', ({ request_id }) => request_id],
  ['details', ({ details }) => JSON.stringify(details)],
];

/** Writes events page by page: the answer is never held as a whole. */
export async function exportAudit(call: Call): Promise<void> {
  const { format } = call.options<{ format: 'jsonl' | 'csv' }>();
  const line = format === 'csv' ? csvLine : jsonLine;
  await asOperator(call, async (operator) => {
    if (format === 'csv') await write(call, `${COLUMNS.map(([name]) => name).join(',')}\r\n`);
    for await (const rows of pages(call, operator)) await write(call, rows.map(line).join(''));
  });
}

async function* pages(call: Call, operator: Operator): AsyncGenerator<AuditRow[]> {
  const { scope, filter } = await scopeAndFilter(call, operator);
  const reader = operator.get(AuditReader);
  let cursor: string | null = null;
  do {
    const page = await reader.page(scope, filter, { cursor, limit: PAGE, oldestFirst: true });
    if (page && page.events.length > 0) yield page.events;
    cursor = page?.next ?? null;
  } while (cursor !== null);
}

async function write({ terminal: { stdout } }: Call, text: string): Promise<void> {
  if (!stdout.write(text)) await once(stdout, 'drain');
}

function jsonLine(row: AuditRow): string {
  return `${JSON.stringify(eventFacts(row))}\n`;
}

/** RFC 4180. */
function csvLine(row: AuditRow): string {
  const facts = eventFacts(row);
  return `${COLUMNS.map(([, value]) => csvCell(value(facts))).join(',')}\r\n`;
}

/** A spreadsheet runs what begins like a formula, and strangers choose names and user agents. */
export function csvCell(value: string | null): string {
  if (value === null) return '';
  const text = /^[\s]*[=+\-@|%]|^[\t\r\n]/.test(value) ? `'${value}` : value;
  return `"${text.replaceAll('"', '""')}"`;
}
