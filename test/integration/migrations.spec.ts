import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { migrateDown, migrateUp, migrationStatus } from '../../src/database/migrate';
import { BUILD } from '../support/embedded-process';
import { createEmptyDatabase, createTestDatabase, withClient, type TestDatabase } from '../support/test-database';

jest.setTimeout(60_000);

const MIGRATE = `require(process.argv[1]).migrateUp(process.argv[2]).then((applied) => console.log(JSON.stringify(applied)))`;
const TABLES = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`;
const ROUTINES = `SELECT routine_name FROM information_schema.routines WHERE routine_schema = 'public'`;

let database: TestDatabase;

afterEach(() => database.drop());

async function migrateInProcess(): Promise<string[]> {
  const script = path.join(BUILD, 'src/database/migrate.js');
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', MIGRATE, script, database.url]);
  return JSON.parse(stdout) as string[];
}

async function namesIn(query: string): Promise<string[]> {
  const { rows } = await withClient(database.url, (client) => client.query({ text: query, rowMode: 'array' }));
  return rows.flat() as string[];
}

describe('migrations', () => {
  it('are all known: each file in the folder is in the list that is applied', async () => {
    database = await createTestDatabase();
    const files = readdirSync(path.join(__dirname, '../../migrations')).map((file) => /^\d+/.exec(file)![0]);
    const applied = (await migrationStatus(database.url)).map(({ name }) => /\d+$/.exec(name)![0]);
    expect(applied).toEqual(files.toSorted());
  });

  it('are applied once when five processes start at once on an empty database', async () => {
    database = await createEmptyDatabase();
    const applied = await Promise.all(Array.from({ length: 5 }, migrateInProcess));
    const known = (await migrationStatus(database.url)).map((migration) => migration.name);
    expect(applied.flat()).toEqual(known);
    expect(await namesIn('SELECT name FROM latchkey_migrations')).toEqual(known);
    expect(await namesIn(TABLES)).toContain('sessions');
  });

  it('go down to nothing and up again', async () => {
    database = await createTestDatabase();
    const known = await migrationStatus(database.url);
    expect(known.every((migration) => migration.applied)).toBe(true);
    const before = await namesIn(TABLES);
    for (const { name } of known.toReversed()) expect(await migrateDown(database.url)).toBe(name);
    expect(await migrateDown(database.url)).toBeNull();
    expect(await namesIn(TABLES)).toEqual(['latchkey_migrations']);
    expect(await namesIn(ROUTINES)).toEqual([]);
    expect((await migrationStatus(database.url)).some((migration) => migration.applied)).toBe(false);
    await migrateUp(database.url);
    expect(await namesIn(TABLES)).toEqual(before);
  });

  it('wait for a process that migrates', async () => {
    database = await createEmptyDatabase();
    let released = false;
    const waiting = await withClient(database.url, async (client) => {
      await client.query(`SELECT pg_advisory_lock(hashtextextended('latchkey:migrate', 0))`);
      const up = migrateUp(database.url).then((applied) => ({ applied, afterRelease: released }));
      await client.query('SELECT pg_sleep(0.5)');
      released = true;
      return { up };
    });
    expect(await waiting.up).toMatchObject({ afterRelease: true });
  });

  it('need no extension and no superuser', async () => {
    database = await createTestDatabase();
    expect(await namesIn(`SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'`)).toEqual([]);
  });
});
