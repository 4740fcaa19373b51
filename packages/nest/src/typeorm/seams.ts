import { TenancyError } from '../tenancy/tenancy-error';
import { quotedName, type ScopedTable } from './scoped-tables';
import type { StatementDraft } from './statement-draft';
import type { TablePosition } from './table-positions';

/** A scoped table that a statement names, and the statement that it is named in. */
export interface Occurrence {
  readonly draft: StatementDraft;
  readonly table: ScopedTable;
  readonly position: TablePosition;
}

/** What follows a target that has no alias. */
const AFTER_TARGET = new Set(['set', 'where', 'using', 'returning', '(', ')']);

/** A list of assignments: behind SET, up to whatever follows. */
interface Assignments {
  readonly set: number;
  /** Whether `EXCLUDED.column` is a value: a row that was to be inserted is the tenant's already. */
  readonly excluded: boolean;
}

/** All that keeps tenants apart in a statement. Each is needed: a test takes them away one by one. */
export const seams = {
  /** A table that is read becomes the tenant's part of it. Joins stay joins, and no condition elsewhere can widen it. */
  read({ draft, table, position: { first, last } }: Occurrence): void {
    const path = pathOf(draft, first, last) + quotedName(table.name);
    const own = `(SELECT * FROM ${path} WHERE ${quotedName(table.column)} = ${draft.parameterFor(table)})`;
    const hasAlias = draft.kind(last + 1) === 'name' || draft.value(last + 1) === 'as';
    draft.replace(first, last, hasAlias ? own : `${own} AS ${quotedName(table.name)}`);
  },

  /** Rows that are changed or deleted are the tenant's. */
  restrict(occurrence: Occurrence, from = occurrence.position.last + 1): void {
    const { draft, table, position } = occurrence;
    const { end } = position;
    const own = `${qualifier(occurrence)}.${quotedName(table.column)} = ${draft.parameterFor(table)}`;
    const stop = draft.find(['returning'], from, end);
    const where = draft.find(['where'], from, stop);
    if (where === stop) return draft.insertAfter(stop - 1, ` WHERE ${own}`);
    draft.insertAfter(where, ` ${own} AND (`);
    draft.insertAfter(stop - 1, ')');
  },

  /** No row is given to another tenant. */
  keep({ draft, table, position: { end } }: Occurrence, { set, excluded }: Assignments): void {
    const stop = draft.find(['where', 'returning'], set + 1, end);
    for (const [first, behind] of draft.parts(set + 1, stop)) {
      if (!assigns(draft, first, behind).includes(table.column)) continue;
      const value = draft.tokens.slice(first + 2, behind);
      const [only] = value;
      if (value.length === 1 && only?.kind === 'parameter') draft.mustBeOwn(first + 2);
      else if (!excluded || value.map((token) => token.value).join('') !== `excluded.${table.column}`) {
        throw new TenancyError('tenant_crossing', `a row of ${table.name} is assigned a tenant`);
      }
    }
  },

  /** Rows that are inserted are the tenant's: said where it was left out, compared where it is given. */
  fill(occurrence: Occurrence): number {
    const { draft, table } = occurrence;
    const [open, close] = columnList(occurrence);
    const columns = draft.parts(open + 1, close).map(([at]) => draft.value(at));
    const place = columns.indexOf(table.column);
    if (place < 0) draft.insertAfter(close - 1, `, ${quotedName(table.column)}`);
    let tuple = close + 2;
    for (;;) {
      if (draft.kind(tuple) !== 'open') draft.fail('INSERT of anything but VALUES');
      const behind = draft.closing(tuple);
      if (place < 0) draft.insertAfter(behind - 1, `, ${draft.parameterFor(table)}`);
      else fillPlace(occurrence, draft.parts(tuple + 1, behind)[place]);
      if (draft.kind(behind + 1) !== 'comma') return behind + 1;
      tuple = behind + 2;
    }
  },

  /** A conflict with another tenant's row overwrites nothing. */
  overwrite(occurrence: Occurrence, set: number): void {
    seams.restrict(occurrence, set);
  },

  /** A scoped table that was written by hand has no condition. */
  bare({ draft }: Pick<Occurrence, 'draft'>, name: string): void {
    draft.fail(`the table ${name} is named by hand`);
  },
};

function fillPlace({ draft, table }: Occurrence, part: [number, number] | undefined): void {
  const [first, behind] = part ?? draft.fail('a row with too few values');
  if (behind !== first + 1) draft.fail('a tenant that is computed');
  if (draft.kind(first) === 'parameter') return draft.mustBeOwn(first);
  if (draft.value(first) !== 'default') draft.fail('a tenant that is computed');
  draft.replace(first, first, draft.parameterFor(table));
}

function columnList({ draft, position: { last } }: Occurrence): [open: number, close: number] {
  const open = draft.value(last + 1) === 'as' ? last + 3 : last + 1;
  if (draft.kind(open) !== 'open') draft.fail('INSERT without its columns');
  const close = draft.closing(open);
  if (draft.value(close + 1) !== 'values') draft.fail('INSERT of anything but VALUES');
  return [open, close];
}

/** Columns that one part of a list of assignments has on its left. */
function assigns(draft: StatementDraft, first: number, behind: number): string[] {
  if (draft.kind(first) !== 'open') return [draft.value(first)];
  return draft.tokens.slice(first, Math.min(draft.closing(first), behind)).map(({ value }) => value);
}

/** The schema before the name, as it was written. */
function pathOf(draft: StatementDraft, first: number, last: number): string {
  return draft.tokens
    .slice(first, last)
    .map(({ kind, value }) => (kind === 'name' ? quotedName(value) : value))
    .join('');
}

/** What the rows of the target are called in the rest of the statement. TypeORM quotes aliases: another one is not its own. */
function qualifier({ draft, table, position: { last, end } }: Occurrence): string {
  const at = draft.value(last + 1) === 'as' ? last + 2 : last + 1;
  if (draft.kind(at) === 'name') return quotedName(draft.value(at));
  const isAlias = draft.value(at) === 'set' && draft.value(at + 1) === 'set';
  if (at === last + 1 && !isAlias && (at >= end || AFTER_TARGET.has(draft.value(at)))) return quotedName(table.name);
  return draft.fail('an alias that is not quoted');
}
