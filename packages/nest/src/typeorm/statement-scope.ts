import { LRUCache } from 'lru-cache';
import { TenancyError } from '../tenancy/tenancy-error';
import type { ScopedTables } from './scoped-tables';
import { seams, type Occurrence } from './seams';
import { tokensOf } from './sql-tokens';
import { StatementDraft, type ScopedStatement } from './statement-draft';
import { tablePositions, type TablePosition } from './table-positions';

/** A statement and what it is sent with. */
export type Statement = readonly [sql: string, parameters: unknown[] | undefined];

const STATEMENTS = new Set(['select', 'insert', 'update', 'delete', 'with']);
/** How many statements are remembered, and how long they may be: rows that are inserted by the thousand are not. */
const [REMEMBERED, LONGEST] = [1_000, 10_000];

/** Puts the tenant into statements, once for each text. */
export class StatementScope {
  private readonly known = new LRUCache<string, ScopedStatement>({ max: REMEMBERED });

  constructor(private readonly tables: ScopedTables) {}

  /** The statement for one tenant. @throws TenancyError for what cannot be kept to one. */
  scoped(sql: string, parameters: unknown[] | undefined, tenant: () => string): Statement {
    const statement = this.known.get(sql) ?? this.learn(sql);
    if (!statement.isScoped) return [statement.sql, parameters];
    const tenantId = tenant();
    for (const at of statement.own) {
      if (parameters?.[at] === tenantId) continue;
      throw new TenancyError('tenant_crossing', 'a row with the tenant of somebody else is written');
    }
    return [statement.sql, [...(parameters ?? []), ...Array<string>(statement.added).fill(tenantId)]];
  }

  /** The statement for all tenants. */
  lifted(sql: string): string {
    return this.tables.unmarked(sql);
  }

  private learn(sql: string): ScopedStatement {
    const statement = this.compile(sql);
    if (sql.length <= LONGEST) this.known.set(sql, statement);
    return statement;
  }

  private compile(sql: string): ScopedStatement {
    const draft = new StatementDraft(sql, tokensOf(sql));
    if (!STATEMENTS.has(draft.value(0))) draft.fail('no SELECT, INSERT, UPDATE or DELETE');
    const positions = tablePositions(draft.tokens);
    const done = new Set<number>();
    for (const position of positions) {
      const table = this.tables.behind(draft.value(position.last));
      if (table) {
        put({ draft, table, position });
        done.add(position.last);
      } else this.refuseBare(draft, position);
    }
    this.unmarkQualifiers(draft, positions, done);
    return draft.finished(done.size > 0);
  }

  private refuseBare(draft: StatementDraft, { first, last }: TablePosition): void {
    const path = draft.tokens.slice(first, last + 1).flatMap(({ kind, value }) => (kind === 'dot' ? [] : [value]));
    if (this.tables.isBare(path)) seams.bare({ draft }, path.join('.'));
  }

  /** Marked names that are no table here: aliases and what stands before a column. Anything else is refused. */
  private unmarkQualifiers(draft: StatementDraft, positions: TablePosition[], done: ReadonlySet<number>): void {
    const behindTables = new Set(positions.map(({ last }) => last + 1));
    draft.tokens.forEach(({ kind, value }, at) => {
      const table = kind === 'name' && !done.has(at) ? this.tables.behind(value) : undefined;
      if (!table) return;
      const isAlias = behindTables.has(at) || (draft.value(at - 1) === 'as' && behindTables.has(at - 1));
      if (draft.kind(at + 1) !== 'dot' && !isAlias) draft.fail(`the table ${table.name} in an unknown place`);
      draft.unmark(at, table);
    });
  }
}

function put(occurrence: Occurrence): void {
  const { draft, table, position } = occurrence;
  const { role, last, end } = position;
  if (role === 'other') draft.fail(`the table ${table.name} in an unknown place`);
  if (role === 'read') return seams.read(occurrence);
  draft.unmark(last, table);
  if (role === 'insert') return putInsert(occurrence);
  if (role === 'update') {
    const set = draft.find(['set'], last + 1, end);
    if (set === end) draft.fail('UPDATE without SET');
    seams.keep(occurrence, { set, excluded: false });
  }
  seams.restrict(occurrence);
}

function putInsert(occurrence: Occurrence): void {
  const { draft, position } = occurrence;
  const rest = seams.fill(occurrence);
  const set = draft.find(['set'], rest, position.end);
  if (set === position.end) return;
  seams.keep(occurrence, { set, excluded: true });
  seams.overwrite(occurrence, set);
}
