import type { ClientBase, QueryResultRow } from 'pg';

/** One SQL statement. Its name is unique in the code: a connection prepares it once and the server plans it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs statements: on any free connection of a pool, or inside one transaction. `int8` arrives as a string. */
export interface Queryable {
  rows<R>(statement: Statement, values?: readonly unknown[]): Promise<R[]>;
  /** The first row, or null when there is none. */
  first<R>(statement: Statement, values?: readonly unknown[]): Promise<R | null>;
}

/** Runs a statement on one connection: as a named prepared one, or unnamed for poolers that cannot carry names. */
export async function runStatement<R>(
  client: ClientBase,
  statement: Statement,
  values: readonly unknown[],
  prepared: boolean,
): Promise<R[]> {
  const { name, text } = statement;
  const result = await client.query<QueryResultRow, unknown[]>({
    name: prepared ? name : undefined,
    text,
    values: values as unknown[],
  });
  return result.rows as R[];
}
