import { TenancyError } from '../tenancy/tenancy-error';
import type { ScopedTable } from './scoped-tables';
import { quotedName } from './scoped-tables';
import type { Token } from './sql-tokens';
import { closings } from './table-positions';

/** A statement that holds for one tenant, whichever it is. */
export interface ScopedStatement {
  readonly sql: string;
  /** Numbers, from 0, of the parameters that must be the tenant. */
  readonly own: readonly number[];
  /** How many further parameters there are; each is the tenant. */
  readonly added: number;
  /** False when no table in it belongs to tenants. */
  readonly isScoped: boolean;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A statement while conditions are put into it. Its tokens are counted from 0. */
export class StatementDraft {
  private readonly edits: Edit[] = [];
  private readonly own = new Set<number>();
  private readonly parameters = new Map<ScopedTable, string>();
  private readonly close: ReadonlyMap<number, number>;
  private readonly highest: number;

  constructor(
    private readonly sql: string,
    readonly tokens: readonly Token[],
  ) {
    this.close = closings(tokens);
    const numbers = tokens.filter(({ kind }) => kind === 'parameter').map(({ value }) => Number(value.slice(1)));
    this.highest = Math.max(0, ...numbers);
  }

  value(at: number): string {
    return this.tokens[at]?.value ?? '';
  }

  kind(at: number): Token['kind'] | undefined {
    return this.tokens[at]?.kind;
  }

  /** The bracket that closes the one at this place. */
  closing(at: number): number {
    return this.close.get(at) ?? this.fail('brackets where none are expected');
  }

  /** The first keyword of these, beside whatever stands in brackets; `end` when there is none. */
  find(words: readonly string[], from: number, end: number): number {
    for (let at = from; at < end; at = this.after(at)) {
      if (this.kind(at) === 'word' && words.includes(this.value(at))) return at;
    }
    return end;
  }

  /** Parts between commas, each with its first token and the one behind its last. */
  parts(from: number, end: number): [number, number][] {
    const parts: [number, number][] = [];
    let start = from;
    for (let at = from; at < end; at = this.after(at)) {
      if (this.kind(at) !== 'comma') continue;
      parts.push([start, at]);
      start = at + 1;
    }
    return [...parts, [start, end]];
  }

  /** The parameter that holds the tenant. One for each table: their columns may differ in type. */
  parameterFor(table: ScopedTable): string {
    const known = this.parameters.get(table) ?? `$${this.highest + this.parameters.size + 1}`;
    this.parameters.set(table, known);
    return known;
  }

  replace(first: number, last: number, text: string): void {
    this.edits.push({ start: this.tokens[first]!.start, end: this.tokens[last]!.end, text });
  }

  insertAfter(at: number, text: string): void {
    const { end } = this.tokens[at]!;
    this.edits.push({ start: end, end, text });
  }

  /** Puts the table's real name in the place of the marked one. */
  unmark(at: number, table: ScopedTable): void {
    this.replace(at, at, quotedName(table.name));
  }

  /** Remembers that this parameter must be the tenant. */
  mustBeOwn(at: number): void {
    this.own.add(Number(this.value(at).slice(1)) - 1);
  }

  fail(what: string): never {
    throw new TenancyError('unscoped_statement', `${what}: this cannot be scoped to a tenant`);
  }

  finished(isScoped: boolean): ScopedStatement {
    let [sql, at] = ['', 0];
    // Sorting is stable: what is inserted at one place stays in its order.
    for (const { start, end, text } of [...this.edits].sort((a, b) => a.start - b.start)) {
      sql += this.sql.slice(at, start) + text;
      at = end;
    }
    return { sql: sql + this.sql.slice(at), own: [...this.own], added: this.parameters.size, isScoped };
  }

  private after(at: number): number {
    return (this.close.get(at) ?? at) + 1;
  }
}
