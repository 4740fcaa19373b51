import type { DataSource } from 'typeorm';
import type { PasswordSettings } from '../../src/identity/passwords/password-algorithms';
import type { Tenant } from '../../src/tenancy/tenant.entity';
import {
  CHEAP,
  CLIENT,
  connect,
  identityProcess,
  type IdentityProcess,
  type ProcessSettings,
} from '../support/identity-services';
import { createTestDatabase, type TestDatabase } from '../support/test-database';

const PASSWORD = 'correct horse battery';
const BCRYPT: PasswordSettings = { ...CHEAP, algorithm: 'bcrypt' };
const STRONGER: PasswordSettings = { ...CHEAP, argon2id: { ...CHEAP.argon2id, iterations: 2 } };

let testDatabase: TestDatabase;
let dataSource: DataSource;
let tenant: Tenant;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataSource = await connect(testDatabase.url);
  tenant = await identityProcess(dataSource).tenants.getDefault();
});

afterAll(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
});

beforeEach(() => dataSource.query('TRUNCATE users CASCADE; TRUNCATE login_attempts'));

function processOf(passwords: PasswordSettings, settings: ProcessSettings = {}): IdentityProcess {
  return identityProcess(dataSource, { passwords, maxAttempts: 1000, ...settings });
}

function createUser(by: IdentityProcess, password = PASSWORD, username = 'ada'): Promise<string> {
  return by.registration.createUser({ tenantId: tenant.id, username, password });
}

function signIn(by: IdentityProcess, password = PASSWORD, identifier = 'ada') {
  return by.verifier.verify({ tenantId: tenant.id, identifier, password, client: CLIENT });
}

async function stored(userId: string): Promise<{ hash: string; generation: number }> {
  const [row] = await dataSource.query<[{ hash: string; generation: number }]>(
    'SELECT password_hash AS hash, generation FROM users WHERE id = $1',
    [userId],
  );
  return row;
}

describe('a stored hash', () => {
  it('follows the settings from argon2id to bcrypt and back, login by login, and revokes nothing', async () => {
    const userId = await createUser(processOf(CHEAP));
    const seen = [(await stored(userId)).hash];
    for (const settings of [BCRYPT, CHEAP, STRONGER, CHEAP]) {
      await signIn(processOf(settings));
      seen.push((await stored(userId)).hash);
    }
    expect(seen.map((hash) => hash.split('$').slice(1, -2).join(' '))).toEqual([
      'argon2id v=19 m=1024,t=1,p=1',
      '2b',
      'argon2id v=19 m=1024,t=1,p=1',
      'argon2id v=19 m=1024,t=2,p=1',
      'argon2id v=19 m=1024,t=1,p=1',
    ]);
    expect(await stored(userId)).toMatchObject({ generation: 0 });
  });

  it('survives the way through bcrypt with all of a long password', async () => {
    const long = `${'錠'.repeat(24)} and more`;
    const userId = await createUser(processOf(CHEAP), long);
    await signIn(processOf(BCRYPT), long);
    expect((await stored(userId)).hash).toMatch(/^\$bcrypt-sha384\$\$2b\$04\$/);
    await expect(signIn(processOf(BCRYPT), `${'錠'.repeat(24)} and less`)).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
    await signIn(processOf(CHEAP), long);
    expect((await stored(userId)).hash).toMatch(/^\$argon2id\$/);
  });

  it('stays as it is while the settings do', async () => {
    const userId = await createUser(processOf(CHEAP));
    const before = await stored(userId);
    await signIn(processOf(CHEAP));
    expect(await stored(userId)).toEqual(before);
  });

  it('stays as it is after a wrong password and for a disabled user', async () => {
    const service = processOf(BCRYPT);
    const userId = await createUser(processOf(CHEAP));
    const before = await stored(userId);
    await expect(signIn(service, 'wrong horse')).rejects.toMatchObject({ code: 'invalid_credentials' });
    await service.users.setStatus(service.database, { tenantId: tenant.id, userId }, 'disabled');
    await expect(signIn(service)).rejects.toMatchObject({ code: 'account_disabled' });
    expect((await stored(userId)).hash).toBe(before.hash);
  });

  it('of a password changed meanwhile is not brought back by an upgrade', async () => {
    const service = processOf(CHEAP);
    const userId = await createUser(service);
    const user = { tenantId: tenant.id, userId };
    const old = (await stored(userId)).hash;
    await service.users.setPasswordHash(service.database, user, 'changed');
    await expect(service.users.upgradePasswordHash(user, old, 'upgraded')).resolves.toBe(false);
    await expect(stored(userId)).resolves.toEqual({ hash: 'changed', generation: 1 });
  });

  it('is upgraded once by many logins at the same time, all of which succeed', async () => {
    const userId = await createUser(processOf(CHEAP));
    const service = processOf(BCRYPT);
    await Promise.all(Array.from({ length: 10 }, () => signIn(service)));
    expect((await stored(userId)).hash).toMatch(/^\$2b\$/);
    await signIn(service);
  });

  it('that cannot be upgraded fails no login', async () => {
    const userId = await createUser(processOf(CHEAP));
    const before = await stored(userId);
    const service = processOf(BCRYPT);
    service.users.upgradePasswordHash = () => Promise.reject(new Error('read-only'));
    await expect(signIn(service)).resolves.toMatchObject({ principal: { userId } });
    expect(await stored(userId)).toEqual(before);
  });

  it('that cannot be read lets nobody in, at the cost of one comparison', async () => {
    const service = processOf(CHEAP);
    const userId = await createUser(service);
    await service.hasher.verify('warms the dummy', null);
    for (const damaged of ['', PASSWORD, '$2b$04$short', '$argon2id$v=19$m=1024,t=1,p=1$x$y']) {
      await service.users.setPasswordHash(service.database, { tenantId: tenant.id, userId }, damaged);
      service.events.all = [];
      await expect(signIn(service)).rejects.toMatchObject({ code: 'invalid_credentials' });
      expect(service.events.judged).toBe(1);
    }
  });
});

describe('a storm of logins', () => {
  const HEAVIER: PasswordSettings = { ...CHEAP, argon2id: { ...CHEAP.argon2id, memory: 8192, iterations: 2 } };

  it('never runs more hashes than the lane has slots, and holds no connection meanwhile', async () => {
    const service = processOf(HEAVIER, { lane: { maxConcurrent: 2 } });
    await createUser(service);
    const logins = Promise.all(Array.from({ length: 50 }, () => signIn(service)));
    let most = 0;
    let busyWhileQueued = 0;
    let ticks = 0;
    let done = false;
    const finished = logins.finally(() => (done = true));
    while (!done) {
      most = Math.max(most, service.lane.running);
      if (service.lane.queued > 20) {
        // The pool has 10 connections: an answer while more than 20 logins wait shows that they hold none.
        await service.database.ping();
        busyWhileQueued += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
      ticks += 1;
    }
    await finished;
    expect(most).toBe(2);
    expect(busyWhileQueued).toBeGreaterThan(0);
    expect(ticks).toBeGreaterThan(25);
    expect([service.lane.running, service.lane.queued]).toEqual([0, 0]);
  });

  it('leaves the event loop free while 50 hashes queue', async () => {
    for (const settings of [HEAVIER, { ...BCRYPT, bcryptCost: 7 }]) {
      const service = processOf(settings);
      let ticks = 0;
      const timer = setInterval(() => (ticks += 1), 1);
      await Promise.all(Array.from({ length: 50 }, () => service.hasher.hash(PASSWORD)));
      clearInterval(timer);
      expect(ticks).toBeGreaterThan(25);
    }
  });

  it('is answered with overloaded beyond the queue, the same for unknown users', async () => {
    const service = processOf(HEAVIER, { lane: { maxConcurrent: 1, queueLimit: 3 } });
    await createUser(service);
    await service.hasher.verify('warms the dummy', null);
    for (const identifier of ['ada', 'nobody']) {
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => signIn(service, 'wrong horse', identifier).catch((error: unknown) => error)),
      );
      expect(answers).toContainEqual(expect.objectContaining({ code: 'overloaded', status: 503, retryAfter: 1 }));
      expect(answers).toContainEqual(expect.objectContaining({ code: 'invalid_credentials' }));
      expect(new Set(answers.map((error) => (error as { code: string }).code)).size).toBe(2);
    }
    await expect(signIn(service)).resolves.toBeDefined();
  });
});
