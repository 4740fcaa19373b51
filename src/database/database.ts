import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { inSpan } from '../common/tracing';
import { onConnection } from './connections';
import { asUnavailable, isConflict } from './infrastructure-failure';
import { runStatement, type Queryable, type Statement } from './statement';
import { TenantWall } from './tenant-wall';
import { runTransaction } from './transaction';

export type { Queryable, Statement } from './statement';

const PING: Statement = { name: 'ping', text: 'SELECT 1' };
const RETRY_DELAYS_MS = [5, 20, 80];

/**
 * The database as requests see it. A failure of the infrastructure (connection, time-out, no free connection) is an
 * AuthError `unavailable`; every other SQL error passes as it is, with its SQLSTATE in `code`.
 */
export class Database implements Queryable {
  constructor(
    protected readonly pool: Pool,
    /** False for a pooler that cannot carry named prepared statements. */
    protected readonly prepared: boolean,
    private readonly wall: TenantWall = TenantWall.none(),
  ) {}

  rows<R>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    if (this.wall.isInside) return this.#inTransaction((tx) => tx.rows<R>(statement, values));
    return this.#run((client) => runStatement<R>(client, statement, values, this.prepared));
  }

  async first<R>(statement: Statement, values?: readonly unknown[]): Promise<R | null> {
    return (await this.rows<R>(statement, values))[0] ?? null;
  }

  /**
   * Commits what `work` did, or nothing. After a deadlock or serialization failure `work` runs again, up to three
   * times more: it must have no effects outside the transaction.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return inSpan('latchkey.transaction', {}, () => this.#inTransaction(work));
  }

  #inTransaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    const how = { beginning: this.wall.beginning(), prepared: this.prepared };
    return this.#run((client) => runTransaction(client, how, work));
  }

  /** Connections of this process as they stand now, and how many wait for one. */
  get use(): { readonly total: number; readonly idle: number; readonly waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.pool;
    return { total: totalCount, idle: idleCount, waiting: waitingCount };
  }

  /** Resolves when the database answers. */
  async ping(): Promise<void> {
    await this.rows(PING);
  }

  /** A single statement, like a transaction, was undone as a whole when it lost a conflict. */
  async #run<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await onConnection(this.pool, work);
      } catch (error) {
        const delay = RETRY_DELAYS_MS[attempt];
        if (delay === undefined || !isConflict(error)) throw asUnavailable(error);
        await sleep(delay);
      }
    }
  }
}
