import { InvalidArgumentError, type Command } from 'commander';
import type { AuditFilter, AuditScope } from '../audit/audit-reader.store';
import { listOf } from './list-option';
import type { Operator } from './operator';
import type { Call } from './shell';

export interface AuditFilterOptions {
  readonly tenant?: string;
  readonly event?: string[];
  readonly user?: string;
  readonly actor?: string;
  readonly from?: Date;
  readonly to?: Date;
}

/** The options by which events are chosen. */
export function withAuditFilter(command: Command): Command {
  return command
    .option('--tenant <slug|id>', 'only of this tenant; of the whole installation when not given')
    .option('--event <name>', 'only events of this name; may be repeated, or several with commas', listOf)
    .option('--user <id>', 'only events of the user with this id')
    .option('--actor <id>', 'only what this user or client did')
    .option('--from <time>', 'not before this day or time, in UTC', timeOf)
    .option('--to <time>', 'before this day or time, in UTC', timeOf);
}

export async function scopeAndFilter(
  call: Call,
  operator: Operator,
): Promise<{ scope: AuditScope; filter: AuditFilter }> {
  const { tenant, event: events, user: userId, actor: actorId, from, to } = call.options<AuditFilterOptions>();
  const scope = tenant === undefined ? 'platform' : { tenantId: (await operator.tenant(tenant)).id };
  return { scope, filter: { events, userId, actorId, from, to } };
}

function timeOf(given: string): Date {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(given);
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z$/.test(given);
  const date = new Date(given);
  if ((!day && !time) || Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError('It is a day such as 2026-11-26 or a time such as 2026-11-26T08:00:00Z.');
  }
  return date;
}
