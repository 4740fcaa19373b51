import type { ClientBase } from 'pg';
import { breaksConnection } from './infrastructure-failure';
import { runStatement, type Queryable, type Statement } from './statement';

export interface TransactionManner {
  readonly prepared: boolean;
  /** What begins it. Default: `BEGIN`. */
  readonly beginning?: string;
}

/** Commits what `work` did on this connection, or nothing. A COMMIT whose answer was lost is not repeated. */
export async function runTransaction<T>(
  client: ClientBase,
  { prepared, beginning = 'BEGIN' }: TransactionManner,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  const transaction = new Transaction(client, prepared);
  try {
    await client.query(beginning);
    const result = await work(transaction);
    await commit(client);
    return result;
  } catch (error) {
    if (!breaksConnection(error)) await client.query('ROLLBACK');
    throw error;
  } finally {
    transaction.close();
  }
}

/** PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK and no error; that must not pass for success. */
async function commit(client: ClientBase): Promise<void> {
  const { command } = await client.query('COMMIT');
  if (command !== 'COMMIT') throw new Error('The transaction was undone because a statement in it had failed');
}

class Transaction implements Queryable {
  #open = true;

  constructor(
    private readonly client: ClientBase,
    private readonly prepared: boolean,
  ) {}

  async rows<R>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    if (!this.#open) throw new Error(`Statement ${statement.name} came after the end of its transaction`);
    return runStatement<R>(this.client, statement, values, this.prepared);
  }

  async first<R>(statement: Statement, values?: readonly unknown[]): Promise<R | null> {
    return (await this.rows<R>(statement, values))[0] ?? null;
  }

  close(): void {
    this.#open = false;
  }
}
