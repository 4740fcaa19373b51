import { Client, Pool, type ClientConfig, type PoolClient } from 'pg';
import type { DatabaseConfig } from '../config/config';
import type { ServerLog } from './embedded/server-log';
import { breaksConnection, unavailable } from './infrastructure-failure';

/** How processes name themselves in `pg_stat_activity`. */
export type ApplicationName = 'latchkey' | 'latchkey-jobs' | 'latchkey-feed' | 'latchkey-lock' | 'latchkey-migrate';

const ANSWER_MARGIN_MS = 500;
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };

/** Bounds of every wait on a connection. */
export type ConnectionBounds = Pick<
  ClientConfig,
  | 'statement_timeout'
  | 'idle_in_transaction_session_timeout'
  | 'query_timeout'
  | 'keepAlive'
  | 'keepAliveInitialDelayMillis'
>;

/** Bounds for direct connections: the server ends a statement, and the client gives up a little later. */
export function directBounds(database: DatabaseConfig): ConnectionBounds {
  return {
    ...KEEP_ALIVE,
    statement_timeout: database.statementTimeout,
    idle_in_transaction_session_timeout: 2 * database.statementTimeout,
    query_timeout: database.statementTimeout + ANSWER_MARGIN_MS,
  };
}

/** Bounds for pooled connections. A pooler refuses the server's settings at start-up, so behind one the client's remain. */
export function pooledBounds(database: DatabaseConfig): ConnectionBounds {
  const { query_timeout, ...bounds } = directBounds(database);
  return database.directUrl === undefined ? { ...bounds, query_timeout } : { ...KEEP_ALIVE, query_timeout };
}

/** A small pool of its own; the caller ends it. */
export function openPool(url: string, name: ApplicationName, database: DatabaseConfig, log: ServerLog): Pool {
  const pool = new Pool({
    ...pooledBounds(database),
    connectionString: url,
    application_name: name,
    max: 2,
    connectionTimeoutMillis: database.pool.acquireTimeout,
  });
  return pool.on('error', (error) => log.warn({ err: error, pool: name }, 'Lost an idle database connection'));
}

/** A connection past any pooler, not yet connected: the caller connects it, listens for `error` and ends it. */
export function directClient(directUrl: string, name: ApplicationName, database: DatabaseConfig): Client {
  return new Client({
    ...directBounds(database),
    connectionString: directUrl,
    application_name: name,
    connectionTimeoutMillis: database.pool.acquireTimeout,
  });
}

/** Lends a connection of the pool to `work` and keeps it unless `work` failed because it is broken. */
export async function onConnection<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw unavailable(error);
  });
  // Whatever breaks the connection also rejects the query in flight; without a listener it would end the process.
  client.on('error', ignore);
  let broken = false;
  try {
    return await work(client);
  } catch (error) {
    broken = breaksConnection(error);
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}

function ignore(): void {}
