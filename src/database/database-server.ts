import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Config } from '../config/config';
import { DatabaseStartError } from './database-start-error';
import { startEmbeddedPostgres } from './embedded/embedded-postgres';
import type { ServerLog } from './embedded/server-log';
import { socketUrl } from './socket-url';
import { timeLimit } from './time-limit';

const PATIENCE_MS = 10_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
const ATTEMPT_MS = 3_000;

/** The PostgreSQL this process uses, known to answer. */
export class DatabaseServer {
  constructor(
    readonly url: string,
    /** The same database past any pooler. */
    readonly directUrl: string,
    /** Ends the embedded server when this process started it. Idempotent. */
    readonly stop: () => Promise<void>,
  ) {}
}

/** Starts the embedded PostgreSQL unless a URL is configured, and waits up to ten seconds until the database answers. */
export async function openDatabaseServer(
  config: Pick<Config, 'dataDir' | 'database'>,
  log: ServerLog,
): Promise<DatabaseServer> {
  const { url, directUrl } = config.database;
  const server = url ? new DatabaseServer(url, directUrl ?? url, async () => {}) : await embeddedServer(config, log);
  try {
    await untilReachable(server.directUrl);
    if (server.url !== server.directUrl) await untilReachable(server.url);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function embeddedServer({ dataDir }: Pick<Config, 'dataDir'>, log: ServerLog): Promise<DatabaseServer> {
  const embedded = await startEmbeddedPostgres({ dataDir: path.resolve(dataDir, 'postgres'), log });
  const url = socketUrl(embedded.connection);
  return new DatabaseServer(url, url, () => embedded.stop());
}

async function untilReachable(url: string): Promise<void> {
  const patient = timeLimit(PATIENCE_MS);
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const problem = await problemReaching(url);
    if (problem === null) return;
    if (!patient()) throw unreachable(url, problem);
    await sleep(pause);
  }
}

async function problemReaching(url: string): Promise<string | null> {
  try {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: ATTEMPT_MS,
      query_timeout: ATTEMPT_MS,
    });
    client.on('error', () => {});
    await client.connect();
    await client.query('SELECT 1').finally(() => client.end());
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

/** A host with several addresses fails with all of their errors in one that says nothing itself. */
function reasonOf(error: unknown): string {
  const { message, errors } = Object(error) as { message?: string; errors?: unknown[] };
  return message || (errors?.length ? reasonOf(errors[0]) : String(error));
}

/** Names host and database only: user names and passwords stay out of logs. */
function unreachable(url: string, problem: string): DatabaseStartError {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? hostname;
  const place = `${host}:${searchParams.get('port') ?? (port || '5432')}${pathname}`;
  return new DatabaseStartError(`PostgreSQL at ${place} cannot be reached: ${problem}`);
}
