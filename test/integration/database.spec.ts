import { rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthError } from '@latchkey/nest';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { DatabaseConfig } from '../../src/config/config';
import { asUnavailable } from '../../src/database/infrastructure-failure';
import type { Database, Statement } from '../../src/database/database';
import { openDatabaseContext, type DatabaseContext } from '../support/database-context';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { LOG_STATEMENTS, startTestServer, temporaryFolder, type TestServer } from '../support/test-server';
import { timeLimit } from '../support/time-limit';

jest.setTimeout(60_000);

let testDatabase: TestDatabase;
const contexts: DatabaseContext[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  await withClient(testDatabase.url, async (client) => {
    await client.query('CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL)');
    await client.query('INSERT INTO accounts VALUES (1, 100), (2, 100)');
  });
});

afterAll(() => testDatabase.drop());

afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

async function open(settings: Partial<DatabaseConfig> = {}, dataDir?: string): Promise<DatabaseContext> {
  const context = await openDatabaseContext({ url: testDatabase.url, ...settings }, dataDir);
  contexts.push(context);
  return context;
}

function sql(text: string): Statement {
  return { name: text.slice(0, 60), text };
}

async function failure(promise: Promise<unknown>): Promise<{ error: unknown; took: number }> {
  const from = performance.now();
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  return { error, took: performance.now() - from };
}

function expectUnavailable(error: unknown): void {
  expect(error).toBeInstanceOf(AuthError);
  expect(error).toMatchObject({ code: 'unavailable', status: 503, retryAfter: 1 });
}

const BALANCE = sql('SELECT balance FROM accounts WHERE id = $1');
const PAY = sql('UPDATE accounts SET balance = balance + $2 WHERE id = $1');
const MY_PID = sql('SELECT pg_backend_pid() AS pid');
const SLEEP = sql('SELECT pg_sleep($1)');
const OTHERS = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1`;

async function terminate(applicationName: string): Promise<void> {
  await withClient(testDatabase.url, (client) =>
    client.query(`SELECT pg_terminate_backend(pid) FROM (${OTHERS}) AS victims`, [applicationName]),
  );
}

describe('statements', () => {
  it('answer with rows, with the first one, or with null', async () => {
    const { database } = await open();
    expect(await database.rows(sql('SELECT id FROM accounts ORDER BY id'))).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await database.first(BALANCE, [1])).toEqual({ balance: '100' });
    expect(await database.first(BALANCE, [9])).toBeNull();
    await database.ping();
  });

  it.each([
    [true, [BALANCE.name]],
    [false, []],
  ])('are prepared by name when prepared_statements is %s', async (preparedStatements, names) => {
    const { database } = await open({ preparedStatements, pool: { max: 1, acquireTimeout: 1_000 } });
    await database.first(BALANCE, [1]);
    const prepared = await database.rows<{ name: string }>(
      sql(
        "SELECT name FROM pg_prepared_statements WHERE $1 = $1::int AND statement LIKE '%balance%' AND name LIKE 'SELECT balance%'",
      ),
      [1],
    );
    expect(prepared.map(({ name }) => name)).toEqual(names);
  });

  it('that the server refuses pass as they are and keep their connection', async () => {
    const { database } = await open({ pool: { max: 1, acquireTimeout: 1_000 } });
    const before = await database.first(MY_PID);
    const { error } = await failure(database.rows(sql('INSERT INTO accounts VALUES (1, 0)')));
    expect(error).toMatchObject({ code: '23505' });
    expect(asUnavailable(error)).toBe(error);
    expect(await database.first(MY_PID)).toEqual(before);
  });

  it('name the part of the service that sent them', async () => {
    const context = await open();
    const name = sql(`SELECT current_setting('application_name') AS name`);
    expect(await context.database.first(name)).toEqual({ name: 'latchkey' });
    expect(await context.background.first(name)).toEqual({ name: 'latchkey-jobs' });
    const feed = context.openFeedConnection();
    await feed.connect();
    expect((await feed.query(name.text)).rows).toEqual([{ name: 'latchkey-feed' }]);
    await feed.end();
  });

  it('are bounded by the server, except through a pooler, which refuses such settings', async () => {
    const show = sql('SHOW statement_timeout');
    const direct = await open({ statementTimeout: 3_000 });
    expect(await direct.database.first(show)).toEqual({ statement_timeout: '3s' });
    const pooled = await open({ statementTimeout: 3_000, directUrl: testDatabase.url });
    expect(await pooled.database.first(show)).toEqual({ statement_timeout: '0' });
    const feed = pooled.openFeedConnection();
    await feed.connect();
    expect((await feed.query(show.text)).rows).toEqual([{ statement_timeout: '3s' }]);
    await feed.end();
  });

  it('can be told apart in the log of a server of their own', async () => {
    const server = await startTestServer({ fsync: 'off', ...LOG_STATEMENTS });
    const { database } = await open({ url: server.url });
    await database.rows(sql('SELECT 4711 AS needle'));
    for (let tries = 0; tries < 100 && !server.lines.some((line) => line.includes('4711')); tries++) await sleep(20);
    expect(server.lines).toContainEqual(expect.stringMatching(/^latchkey: LOG: .*SELECT 4711/));
    await contexts.pop()?.close();
    await server.stop();
  });
});

describe('the feed connection', () => {
  it('hears notifications', async () => {
    const { openFeedConnection, database } = await open();
    const feed = openFeedConnection();
    await feed.connect();
    await feed.query('LISTEN news');
    const heard = new Promise((resolve) => feed.once('notification', resolve));
    await database.rows(sql(`SELECT pg_notify('news', 'hello')`));
    expect(await heard).toMatchObject({ channel: 'news', payload: 'hello' });
    await feed.end();
  });
});

describe('a transaction', () => {
  it('commits all or nothing', async () => {
    const { database } = await open();
    await database.transaction(async (tx) => {
      await tx.rows(PAY, [1, 5]);
      await tx.rows(PAY, [2, -5]);
    });
    const refused = database.transaction(async (tx) => {
      await tx.rows(PAY, [1, 1000]);
      throw new AuthError('invalid_grant', 'No');
    });
    await expect(refused).rejects.toMatchObject({ code: 'invalid_grant' });
    expect(await database.first(BALANCE, [1])).toEqual({ balance: '105' });
    await database.transaction((tx) => tx.rows(PAY, [1, -5]).then(() => tx.rows(PAY, [2, 5])));
  });

  it('does not pass for committed when an error in it was swallowed', async () => {
    const { database } = await open();
    const swallowed = database.transaction(async (tx) => {
      await tx.rows(PAY, [1, 1000]);
      await tx.rows(sql('INSERT INTO accounts VALUES (1, 0)')).catch(() => {});
    });
    await expect(swallowed).rejects.toThrow(/undone/);
    expect(await database.first(BALANCE, [1])).toEqual({ balance: '100' });
  });

  it('takes no statement after its end', async () => {
    const { database } = await open();
    const tx = await database.transaction(async (inside) => inside);
    await expect(tx.rows(BALANCE, [1])).rejects.toThrow(/after the end of its transaction/);
  });

  it('runs again after a deadlock', async () => {
    const { database } = await open();
    let runs = 0;
    let arrived = 0;
    const crosswise = (first: number, second: number): Promise<void> =>
      database.transaction(async (tx) => {
        runs++;
        await tx.rows(PAY, [first, 1]);
        arrived++;
        while (arrived < 2) await sleep(5);
        await tx.rows(PAY, [second, -1]);
      });
    await Promise.all([crosswise(1, 2), crosswise(2, 1)]);
    expect(runs).toBe(3);
    expect(await database.first(BALANCE, [1])).toEqual({ balance: '100' });
  });

  it('gives up after three repetitions', async () => {
    const { database } = await open();
    let runs = 0;
    const conflict = sql(`DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = 'serialization_failure'; END $$`);
    const { error } = await failure(
      database.transaction((tx) => {
        runs++;
        return tx.rows(conflict);
      }),
    );
    expectUnavailable(error);
    expect(runs).toBe(4);
  });

  it('is not repeated when the answer to its COMMIT is lost', async () => {
    const { database } = await open();
    await withClient(testDatabase.url, (client) =>
      client.query(`
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END';
        CREATE TABLE slow_commit (n int);
        CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON slow_commit DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION dawdle();`),
    );
    let runs = 0;
    const committing = failure(
      database.transaction((tx) => {
        runs++;
        return tx.rows(sql('INSERT INTO slow_commit VALUES (1)'));
      }),
    );
    await sleep(300);
    await terminate('latchkey');
    expectUnavailable((await committing).error);
    expect(runs).toBe(1);
  });
});

describe('a failure of the infrastructure is unavailable', () => {
  it('when the server ends the connection in mid-query, and the next query works', async () => {
    const { database } = await open();
    const running = [failure(database.rows(SLEEP, [30])), failure(database.transaction((tx) => tx.rows(SLEEP, [30])))];
    await sleep(200);
    await terminate('latchkey');
    for (const { error } of await Promise.all(running)) expectUnavailable(error);
    await database.ping();
  });

  it('but not when only idle connections were lost', async () => {
    const { database, background } = await open();
    await background.ping();
    await terminate('latchkey');
    await terminate('latchkey-jobs');
    await sleep(100);
    await database.ping();
    await background.ping();
  });

  it('when no connection is free within the bound', async () => {
    const { database } = await open({ pool: { max: 1, acquireTimeout: 300 } });
    const busy = database.rows(SLEEP, [1]);
    const { error, took } = await failure(database.ping());
    expectUnavailable(error);
    expect(took).toBeLessThan(timeLimit(900));
    await busy;
  });

  it('when a statement takes too long, and its connection is kept', async () => {
    const { database } = await open({ pool: { max: 1, acquireTimeout: 1_000 }, statementTimeout: 300 });
    const before = await database.first(MY_PID);
    const { error, took } = await failure(database.rows(SLEEP, [30]));
    expectUnavailable(error);
    expect(took).toBeLessThan(timeLimit(750));
    expect(await database.first(MY_PID)).toEqual(before);
  });

  it('when a repository of TypeORM meets it', async () => {
    const { module } = await open({ statementTimeout: 200 });
    const dataSource = module.get<DataSource>(getDataSourceToken());
    const { error } = await failure(dataSource.query('SELECT pg_sleep(30)'));
    expectUnavailable(asUnavailable(error));
  });

  describe('with a server of our own', () => {
    let server: TestServer;
    let database: Database;

    beforeAll(async () => (server = await startTestServer({ fsync: 'off' })));
    afterAll(() => server.stop());

    it('when the server does not answer at all', async () => {
      ({ database } = await open({ url: server.url, pool: { max: 1, acquireTimeout: 1_000 }, statementTimeout: 300 }));
      const { pid } = (await database.first<{ pid: number }>(MY_PID))!;
      process.kill(pid, 'SIGSTOP');
      const { error, took } = await failure(database.transaction((tx) => tx.rows(MY_PID)));
      process.kill(pid, 'SIGCONT');
      expectUnavailable(error);
      expect(took).toBeLessThan(timeLimit(2_500));
      expect(await database.first(MY_PID)).not.toEqual({ pid });
    });

    it('while the server is gone, and requests work again when it is back', async () => {
      ({ database } = await open({ url: server.url }));
      const running = failure(database.rows(SLEEP, [30]));
      await sleep(200);
      process.kill(server.server.pid, 'SIGKILL');
      expectUnavailable((await running).error);
      const { error } = await failure(database.ping());
      if (error instanceof AuthError) expectUnavailable(error);
      for (let tries = 0; tries < 200 && (await failure(database.ping())).error instanceof AuthError; tries++) {
        await sleep(50);
      }
      await database.ping();
    });
  });
});

describe('an advisory lock', () => {
  it('is held by one at a time and freed at the end of the work, also when that fails', async () => {
    const [one, other] = [(await open()).background, (await open()).background];
    const nested = await one.withAdvisoryLock('cleanup', async () => {
      const unrelated = await other.withAdvisoryLock('something else', async () => 'done');
      return [await other.withAdvisoryLock('cleanup', async () => 'done'), unrelated];
    });
    expect(nested).toEqual([null, 'done']);
    const failing = one.withAdvisoryLock('cleanup', async () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await other.withAdvisoryLock('cleanup', async () => 'done')).toBe('done');
  });

  it('goes to exactly one of ten', async () => {
    const { background } = await open();
    const results = await Promise.all(
      Array.from({ length: 10 }, () => background.withAdvisoryLock('cleanup', () => sleep(300, 'done'))),
    );
    expect(results.filter((result) => result === 'done')).toHaveLength(1);
  });
});

describe('the start', () => {
  it('of an application without a database URL brings its own, and its end takes it away', async () => {
    const folder = await temporaryFolder();
    const first = await open({ url: undefined }, folder);
    await first.database.rows(sql(`INSERT INTO tenants (slug, name) VALUES ('kept', 'Kept')`));
    await contexts.pop()?.close();
    const second = await open({ url: undefined }, folder);
    expect(await second.database.first(sql(`SELECT name FROM tenants WHERE slug = 'kept'`))).toEqual({ name: 'Kept' });
    await contexts.pop()?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('fails in one line without a password after ten seconds without a database', async () => {
    const url = 'postgres://service:s3cret@127.0.0.1:1/latchkey';
    const { error, took } = await failure(open({ url }));
    expect((error as Error).message).toBe(
      'PostgreSQL at 127.0.0.1:1/latchkey cannot be reached: connect ECONNREFUSED 127.0.0.1:1',
    );
    expect(took).toBeGreaterThan(8_000);
    expect(took).toBeLessThan(timeLimit(14_000));
  });
});
