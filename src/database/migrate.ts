import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DataSource, MigrationExecutor } from 'typeorm';
import { tryAdvisoryLock } from './advisory-lock';
import type { ApplicationName } from './connections';
import { dataSourceOptions } from './data-source';
import { atMost, timeLimit } from './time-limit';

/** One migration and whether this database has it. */
export interface MigrationState {
  readonly name: string;
  readonly applied: boolean;
}

const NAME: ApplicationName = 'latchkey-migrate';
const CONNECT_MS = 10_000;
const LOCK_WAIT_MS = 60_000;
const LOCK_POLL_MS = 100;
const STATEMENT_MS = 15 * 60_000;

/** Brings the schema up to date and returns the names of what it applied. Any number of processes may call it at once. */
export function migrateUp(directUrl: string): Promise<string[]> {
  return alone(directUrl, async (dataSource) => {
    const applied = await dataSource.runMigrations();
    return applied.map((migration) => migration.name);
  });
}

/** Undoes the latest migration and returns its name; null when there is none. */
export function migrateDown(directUrl: string): Promise<string | null> {
  return alone(directUrl, async (dataSource) => {
    const latest = (await states(dataSource)).findLast((migration) => migration.applied);
    if (!latest) return null;
    await dataSource.undoLastMigration();
    return latest.name;
  });
}

/** Every migration this release knows, oldest first. */
export function migrationStatus(directUrl: string): Promise<MigrationState[]> {
  return alone(directUrl, states);
}

async function states(dataSource: DataSource): Promise<MigrationState[]> {
  const pending = new Set((await new MigrationExecutor(dataSource).getPendingMigrations()).map(({ name }) => name));
  const known = dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name);
  return known.map((name) => ({ name, applied: !pending.has(name) }));
}

/** Runs `work` while no other process migrates this database. */
async function alone<T>(directUrl: string, work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const lock = new Client({
    connectionString: directUrl,
    application_name: NAME,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
    keepAlive: true,
  });
  lock.on('error', () => {});
  await lock.connect();
  try {
    await waitForLock(lock);
    return await withDataSource(directUrl, work);
  } finally {
    await atMost(CONNECT_MS, lock.end());
  }
}

/** Asks again and again: a session that waits inside pg_advisory_lock blocks CREATE INDEX CONCURRENTLY of the holder. */
async function waitForLock(lock: Client): Promise<void> {
  const patient = timeLimit(LOCK_WAIT_MS);
  while (!(await tryAdvisoryLock(lock, 'migrate'))) {
    if (!patient()) {
      throw new Error(`Another process has been migrating this database for ${LOCK_WAIT_MS / 1000} s`);
    }
    await sleep(LOCK_POLL_MS);
  }
}

async function withDataSource<T>(directUrl: string, work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const dataSource = new DataSource({
    ...dataSourceOptions(directUrl),
    applicationName: NAME,
    poolSize: 1,
    connectTimeoutMS: CONNECT_MS,
    extra: { statement_timeout: STATEMENT_MS, lock_timeout: LOCK_WAIT_MS },
  });
  await dataSource.initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
