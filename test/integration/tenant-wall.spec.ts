import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { Database, type Statement } from '../../src/database/database';
import { TenantWall } from '../../src/database/tenant-wall';
import { migrateUp } from '../../src/database/migrate';
import { BelongingStore, type Belonging } from '../../src/identity/belonging.store';
import { RegistrationService } from '../../src/identity/registration.service';
import { TenantStore } from '../../src/tenancy/tenant.store';
import { startTestApp, type TestApp } from '../support/test-app';
import { startTestServer } from '../support/test-server';
import { until } from '../support/until';
import { createEmptyDatabase, createTestDatabase, withClient, type TestDatabase } from '../support/test-database';

const sql = (text: string): Statement => ({ name: text.slice(0, 60), text });
const TENANT_TABLES = `SELECT c.table_name AS name FROM information_schema.columns c
                         JOIN pg_class t ON t.oid = c.table_name::regclass AND NOT t.relispartition
                        WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' ORDER BY 1`;
const POLICIES = `SELECT tablename AS name, qual, with_check AS "check" FROM pg_policies
                   WHERE schemaname = 'public' AND policyname = 'of_tenant' ORDER BY 1`;

interface Named {
  readonly name: string;
}

describe('the wall between tenants', () => {
  let app: TestApp;
  let database: Database;
  let wall: TenantWall;
  let A: string;
  let B: string;

  beforeAll(async () => {
    app = await startTestApp();
    database = app.provider(Database);
    wall = app.provider(TenantWall);
    [A, B] = [await tenantWithSomebody('a'), await tenantWithSomebody('b')];
  });
  afterAll(() => app.close());

  async function tenantWithSomebody(slug: string): Promise<string> {
    const tenant = await app.provider(TenantStore).create({ slug, name: slug });
    const somebody = { tenantId: tenant!.id, email: 'ada@example.com', password: 'correct horse battery staple' };
    await app.provider(RegistrationService).createUser(somebody);
    return tenant!.id;
  }

  const tenantsSeen = async (): Promise<string[]> => {
    const rows = await database.rows<{ id: string }>(sql('SELECT DISTINCT tenant_id AS id FROM users'));
    return rows.map(({ id }) => id);
  };

  it('stands behind every table that has a tenant, for reading and writing', async () => {
    const tables = await database.rows<Named>(sql(TENANT_TABLES));
    const policies = await database.rows<Named & { qual: string; check: string }>(sql(POLICIES));
    const walled = policies.map(({ name }) => name).filter((name) => name !== 'tenants');
    expect(walled).toEqual(tables.map(({ name }) => name));
    for (const { qual, check } of policies) {
      expect(qual).toContain(`current_setting('latchkey.tenant_id'::text, true)`);
      expect(check).toBe(qual);
    }
    const off = await database.rows<Named>(
      sql(`SELECT relname AS name FROM pg_class WHERE relname = ANY ($1) AND NOT relrowsecurity`),
      [policies.map(({ name }) => name)],
    );
    expect(off).toEqual([]);
  });

  it('shows statements without any condition the rows of one tenant', async () => {
    expect(wall.stands).toBe(true);
    expect(await tenantsSeen()).toEqual(expect.arrayContaining([A, B]));
    for (const id of [A, B]) expect(await wall.run(id, tenantsSeen)).toEqual([id]);
    expect(await wall.run(randomUUID(), tenantsSeen)).toEqual([]);
  });

  it('changes nothing of another tenant, and takes nothing for it', async () => {
    const names = () => database.rows(sql('SELECT tenant_id, name FROM users WHERE tenant_id = $1'), [B]);
    const before = await names();
    await wall.run(A, async () => {
      expect(await database.rows(sql(`UPDATE users SET name = 'mine' WHERE tenant_id = $1 RETURNING id`), [B])).toEqual(
        [],
      );
      expect(await database.rows(sql('DELETE FROM users WHERE tenant_id = $1 RETURNING id'), [B])).toEqual([]);
      expect(await database.rows(sql('DELETE FROM tenants WHERE id = $1 RETURNING id'), [B])).toEqual([]);
      const insert = sql(`INSERT INTO users (id, tenant_id, email, email_key) VALUES ($1, $2, 'x@y.z', 'x@y.z')`);
      await expect(database.rows(insert, [randomUUID(), B])).rejects.toMatchObject({ code: '42501' });
      const give = sql('UPDATE users SET tenant_id = $1');
      await expect(database.rows(give, [B])).rejects.toMatchObject({ code: '42501' });
    });
    expect(await names()).toEqual(before);
  });

  it('holds in transactions, and for as long as the work goes on', async () => {
    await wall.run(A, async () => {
      await database.transaction(async (tx) => {
        for (let i = 0; i < 2; i += 1) {
          await new Promise(setImmediate);
          expect(await tx.rows(sql('SELECT DISTINCT tenant_id AS id FROM users'))).toEqual([{ id: A }]);
        }
      });
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await tenantsSeen()).toEqual([A]);
    });
  });

  it('leaves nothing behind on a connection, also after an error', async () => {
    await wall.run(A, async () => {
      await expect(database.rows(sql('SELECT 1 / 0'))).rejects.toMatchObject({ code: '22012' });
      await expect(
        database.transaction(async (tx) => {
          await tx.rows(sql('SELECT 1'));
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
    });
    const role = sql(
      `SELECT current_user = session_user AS own, current_setting('latchkey.tenant_id', true) AS tenant`,
    );
    for (let i = 0; i < 20; i += 1) {
      const [row] = await database.rows<{ own: boolean; tenant: string | null }>(role);
      expect([row?.own, row?.tenant || null]).toEqual([true, null]);
    }
  });

  it('keeps two hundred pieces of work apart that share one connection', async () => {
    const pool = new Pool({ connectionString: app.database.url, max: 1 });
    const single = new Database(pool, true, wall);
    const work = Array.from({ length: 200 }, (_, i) => {
      const id = i % 2 === 0 ? A : B;
      return wall.run(id, async () => {
        const seen = await single.rows<{ id: string }>(sql('SELECT DISTINCT tenant_id AS id FROM users'));
        return seen.length === 1 && seen[0]?.id === id;
      });
    });
    expect((await Promise.all(work)).filter((right) => !right)).toEqual([]);
    await pool.end();
  });

  it('is entered with the id of a tenant, and with nothing else', async () => {
    for (const text of ['', 'x', `${A}'; RESET ROLE; --`]) {
      await expect(wall.run(text, () => Promise.resolve())).rejects.toThrow('needs the id of a tenant');
      expect(() => wall.enter(text)).toThrow('needs the id of a tenant');
    }
  });

  it('lets whoever is inside one tenant into no other', async () => {
    await wall.run(A, async () => {
      expect(await wall.run(A, tenantsSeen)).toEqual([A]);
      await expect(wall.run(B, tenantsSeen)).rejects.toThrow('inside one tenant');
      expect(await tenantsSeen()).toEqual([A]);
    });
  });

  it('makes no promise dearer once everybody has left', async () => {
    const disabled = jest.spyOn(AsyncLocalStorage.prototype, 'disable');
    const second = wall.enter(B);
    await wall.run(A, tenantsSeen);
    await expect(wall.run(A, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(disabled).not.toHaveBeenCalled();
    expect(await second.inside(tenantsSeen)).toEqual([B]);
    second.leave();
    expect(disabled).toHaveBeenCalledTimes(1);
    expect(wall.isInside).toBe(false);
    disabled.mockRestore();
  });

  it('lets nobody read what no request of a tenant needs', async () => {
    for (const table of ['signing_keys', 'latchkey_migrations']) {
      const read = wall.run(A, () => database.rows(sql(`SELECT * FROM ${table}`)));
      await expect(read).rejects.toMatchObject({ code: '42501' });
    }
    for (const table of ['audit_events', 'audit_seals', 'instance']) {
      await wall.run(A, () => database.rows(sql(`SELECT 1 FROM ${table}`)));
      for (const change of [`TRUNCATE ${table}`, `DELETE FROM ${table}`, `INSERT INTO ${table} DEFAULT VALUES`]) {
        const changed = wall.run(A, () => database.rows(sql(change)));
        await expect(changed).rejects.toMatchObject({ code: '42501' });
      }
    }
  });

  it('is 503 when the connection is lost inside of it, and stands again on the next one', async () => {
    const lost = wall.run(A, () => database.rows(sql('SELECT pg_sleep(30)')));
    await until('the statement runs', () =>
      withClient(app.database.url, async (client) => {
        const { rowCount } = await client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND state = 'active' AND query = 'SELECT pg_sleep(30)'`,
        );
        return rowCount === 1;
      }),
    );
    await expect(lost).rejects.toMatchObject({ code: 'unavailable' });
    expect(await wall.run(A, tenantsSeen)).toEqual([A]);
    expect(await tenantsSeen()).toEqual(expect.arrayContaining([A, B]));
  });

  it('shows a role of somebody else nothing, until a policy says which rows', async () => {
    const role = `reporting_${randomUUID().slice(0, 8)}`;
    await withClient(app.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query(`CREATE ROLE ${role}; GRANT SELECT ON users TO ${role}`);
      const seen = async () => {
        await client.query(`SET LOCAL ROLE ${role}`);
        const { rowCount } = await client.query('SELECT DISTINCT tenant_id FROM users');
        await client.query('RESET ROLE');
        return rowCount;
      };
      expect(await seen()).toBe(0);
      await client.query(`CREATE POLICY reporting ON users FOR SELECT TO ${role} USING (tenant_id = '${B}')`);
      expect(await seen()).toBe(1);
      await client.query('ROLLBACK');
    });
  });

  it('tells whose a thing is by its id, from inside another tenant too, in one statement', async () => {
    const user = await database.first<{ id: string }>(sql('SELECT id FROM users WHERE tenant_id = $1'), [B]);
    const store = new BelongingStore(database);
    const ask = (kind: string) => wall.run(A, () => store.ownerOf(kind as Belonging, user!.id));
    expect(await ask('user')).toEqual({ tenantId: B, userId: user!.id });
    for (const kind of ['session', 'device', 'passkey', 'identity', 'invitation', 'anything']) {
      expect(await ask(kind)).toBeNull();
    }
  });
});

describe('a service that may not make roles', () => {
  let database: TestDatabase;

  afterEach(async () => {
    const owner = `${database.name}_owner`;
    await withClient(database.url, async (client) => {
      await client.query(`REASSIGN OWNED BY ${owner} TO CURRENT_USER`);
      await client.query(`DROP OWNED BY ${owner}`);
      await client.query(`DROP ROLE ${owner}`);
    });
    await database.drop();
  });

  /** Its own database, and a role that owns it and is nobody else's. */
  async function ordinaryOwner(): Promise<string> {
    database = await createEmptyDatabase();
    const name = `${database.name}_owner`;
    await withClient(database.url, async (client) => {
      await client.query(`CREATE ROLE ${name} LOGIN PASSWORD 'pw' NOCREATEROLE`);
      await client.query(`ALTER DATABASE ${database.name} OWNER TO ${name}`);
    });
    const url = new URL(database.url);
    url.username = name;
    url.password = 'pw';
    return url.href;
  }

  it('migrates and starts all the same, says so, and does not where the wall is required', async () => {
    const url = await ordinaryOwner();
    await migrateUp(url);
    const own = { ...database, url };
    const app = await startTestApp({ database: own });
    expect(app.provider(TenantWall).stands).toBe(false);
    expect(app.logs.filter(({ msg }) => msg?.includes('latchkey_tenant'))).toMatchObject([{ level: 'warn' }]);
    await app.close();
    const required = startTestApp({ database: own, settings: { 'database.row_level_security': 'require' } });
    await expect(required).rejects.toThrow('latchkey_tenant cannot be taken');
  });

  it('has the wall once somebody who may has granted the role', async () => {
    const url = await ordinaryOwner();
    await migrateUp(url);
    const { username } = new URL(url);
    await withClient(database.url, async (client) => {
      await client.query('SELECT latchkey_grant_tenant_role()');
      await client.query(`GRANT latchkey_tenant TO ${username}`);
    });
    const settings = { 'database.row_level_security': 'require' };
    const app = await startTestApp({ database: { ...database, url }, settings });
    expect(app.provider(TenantWall).stands).toBe(true);
    await app.close();
  });
});

it('a service that may make roles makes this one itself, and takes it', async () => {
  const server = await startTestServer({ fsync: 'off' });
  await withClient(server.url, async (client) => {
    // The server has it from its own database.
    await client.query('DROP OWNED BY latchkey_tenant');
    await client.query('DROP ROLE latchkey_tenant');
    await client.query(`CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'pw'`);
    await client.query('CREATE DATABASE kept OWNER keeper');
  });
  const url = new URL(server.url);
  Object.assign(url, { username: 'keeper', password: 'pw', pathname: '/kept' });
  await migrateUp(url.href);
  const pool = new Pool({ connectionString: url.href, max: 1 });
  // A pool says that it has ended before its connections are gone, and a server that stops tells them so.
  pool.on('error', () => {});
  expect((await TenantWall.raise(pool)).stands).toBe(true);
  await pool.end();
  await server.stop();
});

it('a service whose operator does without the wall has none', async () => {
  const database = await createTestDatabase();
  const app = await startTestApp({ database, settings: { 'database.row_level_security': 'off' } });
  expect(app.provider(TenantWall).stands).toBe(false);
  await app.close();
  await database.drop();
});
