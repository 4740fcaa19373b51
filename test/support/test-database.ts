import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** A database of its own for one test file. */
export interface TestDatabase {
  /** Usable as `database.url`. */
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

interface TestRun {
  readonly url: string;
  readonly template: string;
  readonly embedded: boolean;
}

/** A database with the schema in place, cloned from the run's template. */
export function createTestDatabase(): Promise<TestDatabase> {
  const { template } = testRun();
  return create((name) => `CREATE DATABASE ${name} TEMPLATE ${template}`);
}

/** A database with nothing in it. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return create((name) => `CREATE DATABASE ${name}`);
}

/** True when the run's server is an installed one that DATABASE_URL names. */
export function isExternalServer(): boolean {
  return !testRun().embedded;
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'test' });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function create(statement: (name: string) => string): Promise<TestDatabase> {
  const admin = testRun().url;
  const name = `latchkey_test_${randomBytes(8).toString('hex')}`;
  await withClient(admin, async (client) => {
    // Two clones of one template at the same time fail: "source database is being accessed by other users".
    await client.query(`SET lock_timeout = '60s'`);
    await client.query(`SELECT pg_advisory_lock(hashtext('latchkey-test-clone'))`);
    await client.query(statement(name));
  });
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.href, name, drop: () => drop(admin, name) };
}

async function drop(admin: string, name: string): Promise<void> {
  await withClient(admin, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}

function testRun(): TestRun {
  const facts = process.env['LATCHKEY_TEST_PG'];
  if (!facts) throw new Error('The run has no server: this test belongs to the project "system"');
  return JSON.parse(facts) as TestRun;
}
