import { randomUUID } from 'node:crypto';
import { type AuthError } from '@latchkey/nest';
import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { DataSource } from 'typeorm';
import { CommonModule } from '../../src/common/common.module';
import { createLogger } from '../../src/common/logger';
import { CONFIG } from '../../src/config/config.token';
import { loadConfig } from '../../src/config/load-config';
import { DatabaseModule } from '../../src/database/database.module';
import { readIdentifier } from '../../src/identity/identifier';
import { IdentityModule } from '../../src/identity/identity.module';
import { PasswordVerifier } from '../../src/identity/password-verifier';
import { RegistrationService, type Registration, type UserToCreate } from '../../src/identity/registration.service';
import type { StoredPerson } from '../../src/identity/user.store';
import { KeysModule } from '../../src/keys/keys.module';
import { MailModule } from '../../src/mail/mail.module';
import { LOCKOUT_KEY } from '../../src/protection/lockout-key.token';
import { RedisModule } from '../../src/redis/redis.module';
import { RevocationModule } from '../../src/revocation/revocation.module';
import { TenancyModule } from '../../src/tenancy/tenancy.module';
import { TenantResolver } from '../../src/tenancy/tenant-resolver';
import type { Tenant } from '../../src/tenancy/tenant.entity';
import {
  CLIENT,
  connect,
  ControlledClock,
  identityProcess,
  type IdentityProcess,
  type ProcessSettings,
} from '../support/identity-services';
import { createTestDatabase, type TestDatabase } from '../support/test-database';

const PASSWORD = 'correct horse battery';

let testDatabase: TestDatabase;
let dataSource: DataSource;
let home: Tenant;
let other: Tenant;
let clock: ControlledClock;
let service: IdentityProcess;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataSource = await connect(testDatabase.url);
  const { tenants } = identityProcess(dataSource);
  home = await tenants.getDefault();
  other = (await tenants.create({ slug: 'other', name: 'Other', hosts: ['Login.Other.Example:443'] }))!;
});

afterAll(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
});

beforeEach(async () => {
  await dataSource.query('TRUNCATE users CASCADE; TRUNCATE login_attempts');
  clock = new ControlledClock();
  service = processOf();
});

function processOf(settings: ProcessSettings = {}): IdentityProcess {
  return identityProcess(dataSource, { clock, ...settings });
}

function createAda(user: Partial<UserToCreate> = {}): Promise<string> {
  const ada = { tenantId: home.id, email: 'Ada@Example.com', username: 'Ada', name: 'Ada L', password: PASSWORD };
  return service.registration.createUser({ ...ada, ...user });
}

interface Ask {
  identifier?: string;
  tenantId?: string | null;
  password?: string;
  by?: IdentityProcess;
}

function signIn({ identifier = 'ada@example.com', tenantId = home.id, password = PASSWORD, by = service }: Ask = {}) {
  return by.verifier.verify({ tenantId, identifier, password, client: CLIENT });
}

function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: AuthError) => error.code,
  );
}

async function personOf(userId: string): Promise<StoredPerson> {
  const person = await service.users.findPersonById(home.id, userId);
  if (!person) throw new Error('no such person');
  return person;
}

describe('a right password', () => {
  it('proves who someone is, with the generations of that moment', async () => {
    const userId = await createAda({ roles: ['admin'] });
    await expect(signIn()).resolves.toEqual({
      principal: {
        kind: 'user',
        userId,
        tenantId: home.id,
        email: 'Ada@Example.com',
        username: 'Ada',
        name: 'Ada L',
        roles: ['admin'],
      },
      generations: { global: 0, tenant: 0, user: 0 },
      terms: { mode: null, accessTokenTtl: null, refreshTokenTtl: null },
      secondFactors: { totp: false, passkey: false, recoveryCodes: false, required: null },
      device: null,
    });
    expect(service.events.named('login_failed')).toEqual([]);
  });

  it.each(['ada@example.com', 'ADA@EXAMPLE.COM', 'ada', 'ADA'])('opens the account named %s', async (identifier) => {
    await createAda();
    await expect(signIn({ identifier })).resolves.toBeDefined();
  });

  it.each([
    ['trimmed', ' ' + PASSWORD],
    ['cut', PASSWORD.slice(0, -1)],
    ['case-folded', PASSWORD.toUpperCase()],
  ])('is not the same password %s', async (_, password) => {
    await createAda({ password });
    expect(await codeOf(signIn())).toBe('invalid_credentials');
    expect(await codeOf(signIn({ password }))).toBe('done');
  });

  it('opens nothing in another tenant', async () => {
    await createAda();
    expect(await codeOf(signIn({ tenantId: other.id }))).toBe('invalid_credentials');
    expect(await codeOf(signIn({ tenantId: randomUUID() }))).toBe('invalid_credentials');
    expect(await codeOf(signIn({ tenantId: null }))).toBe('invalid_credentials');
  });

  it('opens each of two accounts with the same names in two tenants', async () => {
    const here = await createAda();
    const there = await createAda({ tenantId: other.id, password: 'another horse battery' });
    expect((await signIn()).principal.userId).toBe(here);
    expect((await signIn({ tenantId: other.id, password: 'another horse battery' })).principal.userId).toBe(there);
    expect(await codeOf(signIn({ tenantId: other.id }))).toBe('invalid_credentials');
  });
});

describe('a refusal', () => {
  it.each([
    ['the password is wrong', { password: 'wrong horse' }, 'wrong_password'],
    ['nobody has that address', { identifier: 'eve@example.com' }, 'unknown_user'],
    ['nobody could have that identifier', { identifier: 'a@b@c\r\n' }, 'unknown_user'],
    ['there is no such tenant', { tenantId: null }, 'unknown_user'],
  ])('is the same, after one comparison, when %s', async (_, ask, reason) => {
    await createAda();
    await service.hasher.verify('warms the dummy', null);
    service.events.all = [];
    await expect(signIn(ask)).rejects.toMatchObject({
      code: 'invalid_credentials',
      status: 401,
      message: 'The credentials are not right',
    });
    expect(service.events.judged).toBe(1);
    expect(service.events.named('login_failed')).toEqual([
      expect.objectContaining({ reason, ipAddress: CLIENT.ipAddress }),
    ]);
  });

  it('of a user without a password looks like a wrong one', async () => {
    await createAda({ password: null });
    for (const password of ['', 'null', PASSWORD])
      expect(await codeOf(signIn({ password }))).toBe('invalid_credentials');
    expect(service.events.judged).toBe(3);
  });

  it('tells of a disabled account only after the right password', async () => {
    const userId = await createAda();
    await service.users.setStatus(service.database, { tenantId: home.id, userId }, 'disabled');
    expect(await codeOf(signIn({ password: 'wrong horse' }))).toBe('invalid_credentials');
    await expect(signIn()).rejects.toMatchObject({ code: 'account_disabled', status: 403 });
    expect(service.events.named('login_failed').map(({ reason }) => reason)).toEqual(['wrong_password', 'disabled']);
  });

  it.each([
    ['email', 'ada'],
    ['username', 'ada@example.com'],
  ] as const)('meets an identifier of another kind than %s, after one comparison', async (identifier, typed) => {
    await createAda();
    const strict = processOf({ identifier });
    expect(await codeOf(signIn({ identifier: typed, by: strict }))).toBe('invalid_credentials');
    expect(strict.events.judged).toBe(1);
  });

  it('meets a password of a megabyte before anything is counted or hashed', async () => {
    await createAda();
    service.events.all = [];
    for (let i = 0; i < 6; i += 1) {
      expect(await codeOf(signIn({ password: 'x'.repeat(2 ** 20) }))).toBe('validation_failed');
    }
    expect(service.events.all).toEqual([]);
    expect(await codeOf(signIn())).toBe('done');
  });

  it.each([
    ['adm\u0131n@example.com', 'admin@example.com'],
    ['\uFF41dmin@example.com', 'admin@example.com'],
    ['ro\u017Fe@example.com', 'rose@example.com'],
    ['\u212Aate@example.com', 'kate@example.com'],
    ['admin@example.com,eve@example.com', 'admin@example.com'],
    ['admin@example.com\n', 'admin@example.com'],
    ['admin@example.com\0', 'admin@example.com'],
    ['%@example.com', 'admin@example.com'],
    ['adm\u0131n', 'admin@example.com'],
  ])('meets the look-alike %j', async (typed, email) => {
    await createAda({ email, username: email.split('@')[0] });
    expect(await codeOf(signIn({ identifier: typed }))).toBe('invalid_credentials');
    expect(await codeOf(signIn({ identifier: email }))).toBe('done');
  });
});

describe('registration', () => {
  const ada = (registration: Partial<Registration> = {}): Registration => ({
    tenant: home,
    email: 'Ada@Example.com',
    username: 'Ada',
    password: PASSWORD,
    ...registration,
  });

  it('makes an account without roles, whatever else was sent', async () => {
    const sent = { ...ada({ name: 'Ada' }), roles: ['admin'], status: 'disabled', tenantId: other.id };
    await expect(service.registration.register(sent)).resolves.toBe(true);
    const { principal } = await signIn();
    expect(principal).toMatchObject({ tenantId: home.id, roles: [], email: 'Ada@Example.com' });
    expect(service.events.named('user_registered')).toEqual([
      expect.objectContaining({ tenantId: home.id, userId: principal.userId }),
    ]);
  });

  it.each([
    ['address', { username: 'other' }],
    ['username', { email: 'other@example.com' }],
    ['address in another spelling', { email: 'ADA@EXAMPLE.COM', username: undefined }],
  ])('does not tell that the %s is taken, and changes nothing', async (_, taken) => {
    await createAda();
    service.events.all = [];
    await expect(service.registration.register(ada({ ...taken, password: 'stolen horse' }))).resolves.toBe(false);
    expect(service.events.named('password_hashed')).toHaveLength(1);
    expect(service.events.named('user_registered')).toEqual([]);
    expect(await service.users.list(home.id)).toHaveLength(1);
    expect(await codeOf(signIn())).toBe('done');
  });

  it('makes one account of fifty at once', async () => {
    await Promise.all(Array.from({ length: 50 }, () => service.registration.register(ada())));
    expect(await service.users.list(home.id)).toHaveLength(1);
    expect(service.events.named('user_registered')).toHaveLength(1);
  });

  it('is independent in each tenant', async () => {
    await createAda();
    await service.registration.register(ada({ tenant: { ...other, registration: 'open' } }));
    expect(await service.users.list(other.id)).toHaveLength(1);
  });

  it.each<[string, string, Tenant['registration'], 'open' | 'closed', string]>([
    ['the default tenant follows the configuration', 'default', null, 'open', 'done'],
    ['the default tenant follows the configuration', 'default', null, 'closed', 'not_found'],
    ['its own setting comes first', 'default', 'closed', 'open', 'not_found'],
    ['its own setting comes first', 'default', 'open', 'closed', 'done'],
    ['another tenant is closed', 'other', null, 'open', 'not_found'],
    ['another tenant opens itself', 'other', 'open', 'closed', 'done'],
    ['invitations are not open', 'default', 'invite', 'open', 'not_found'],
  ])('%s (%s, own setting %s, configuration %s)', async (_, slug, own, registration, expected) => {
    const tenant = { ...(slug === 'other' ? other : home), registration: own };
    expect(await codeOf(processOf({ registration }).registration.register(ada({ tenant })))).toBe(expected);
  });

  it.each<[string, Partial<Registration>, string]>([
    ['a short password', { password: 'seven77' }, 'weak_password'],
    ['a huge password', { password: 'x'.repeat(1025) }, 'validation_failed'],
    ['half a character in the password', { password: 'abcdefgh\uD800' }, 'validation_failed'],
    ['a list of addresses', { email: 'a@x.example,b@x.example' }, 'validation_failed'],
    ['an array of addresses', { email: ['a@x.example'] as unknown as string }, 'validation_failed'],
    ['a second header line', { email: 'a@x.example\r\nBcc: b@x.example' }, 'validation_failed'],
    ['an accented address', { email: 'ren\u00E9@x.example' }, 'validation_failed'],
    ['no address', { email: undefined as unknown as string }, 'validation_failed'],
    ['a username like an address', { username: 'a@x' }, 'validation_failed'],
    ['a name with NUL', { name: 'a\0' }, 'validation_failed'],
  ])('refuses %s before any hashing', async (_, sent, code) => {
    expect(await codeOf(service.registration.register(ada(sent)))).toBe(code);
    expect(service.events.named('password_hashed')).toEqual([]);
    expect(service.events.named('user_registered')).toEqual([]);
  });
});

describe('an operator', () => {
  it('learns what is taken', async () => {
    await createAda();
    expect(await codeOf(createAda())).toBe('email_taken');
    expect(await codeOf(createAda({ email: 'ADA@example.com', username: 'eve' }))).toBe('email_taken');
    expect(await codeOf(createAda({ email: 'eve@example.com' }))).toBe('conflict');
    expect(await codeOf(createAda({ email: null }))).toBe('conflict');
    expect(await codeOf(createAda({ tenantId: other.id }))).toBe('done');
  });

  it('makes users with roles, with a username alone, without a password', async () => {
    await createAda({ email: undefined, roles: ['admin'], password: undefined });
    await expect(service.users.findByIdentifier(home.id, 'ADA')).resolves.toMatchObject({
      username: 'Ada',
      email: null,
      roles: ['admin'],
      status: 'active',
    });
    expect(await codeOf(createAda({ email: undefined, username: undefined }))).toBe('validation_failed');
    expect(await codeOf(createAda({ roles: ['not a role'] }))).toBe('validation_failed');
  });

  it('finds users of one tenant only, without hashes', async () => {
    await createAda();
    const found = await service.users.findByIdentifier(home.id, 'ada@EXAMPLE.com');
    expect(JSON.stringify(found)).not.toContain('argon2');
    await expect(service.users.findByIdentifier(other.id, 'ada@example.com')).resolves.toBeNull();
    await expect(service.users.findByIdentifier('not an id', 'ada@example.com')).resolves.toBeNull();
    await expect(service.users.findByIdentifier(home.id, 'no\0body')).resolves.toBeNull();
  });

  it('lists each user once, page by page, and no other tenant’s', async () => {
    await createAda({ tenantId: other.id });
    for (const username of ['u1', 'u2', 'u3', 'u4', 'u5']) {
      await createAda({ email: null, username, password: null });
      if (username !== 'u3') clock.move(1);
    }
    const seen: (string | null)[] = [];
    let after: string | undefined;
    for (let page = await service.users.list(home.id, { limit: 2 }); page.length > 0;) {
      seen.push(...page.map(({ username }) => username));
      after = page.at(-1)?.id;
      page = await service.users.list(home.id, { limit: 2, after });
    }
    expect([...seen].sort()).toEqual(['u1', 'u2', 'u3', 'u4', 'u5']);
    expect(seen.slice(0, 2)).toEqual(['u1', 'u2']);
    const [stranger] = await service.users.list(other.id);
    await expect(service.users.list(home.id, { after: stranger!.id })).resolves.toEqual([]);
    await expect(service.users.list(home.id, { after: 'not an id' })).resolves.toEqual([]);
  });
});

describe('changes that act through revocation', () => {
  it('raise the generation, in a transaction, each time', async () => {
    const userId = await createAda();
    const user = { tenantId: home.id, userId };
    const { database, users } = service;
    await expect(database.transaction((tx) => users.setRoles(tx, user, ['auditor']))).resolves.toBe(1);
    await expect(database.transaction((tx) => users.setPasswordHash(tx, user, 'another'))).resolves.toBe(2);
    await expect(database.transaction((tx) => users.setStatus(tx, user, 'disabled'))).resolves.toBe(3);
    await expect(personOf(userId)).resolves.toMatchObject({
      roles: ['auditor'],
      passwordHash: 'another',
      status: 'disabled',
      generations: { global: 0, tenant: 0, user: 3 },
    });
  });

  it('are undone with their transaction', async () => {
    const userId = await createAda();
    const work = service.database.transaction(async (tx) => {
      await service.users.setRoles(tx, { tenantId: home.id, userId }, ['admin']);
      throw new Error('the feed refused');
    });
    await expect(work).rejects.toThrow('the feed refused');
    await expect(personOf(userId)).resolves.toMatchObject({ roles: [], generations: { user: 0 } });
  });

  it('find nobody in another tenant', async () => {
    const userId = await createAda();
    const { database, users } = service;
    for (const stranger of [
      { tenantId: other.id, userId },
      { tenantId: home.id, userId: randomUUID() },
      { tenantId: home.id, userId: 'not an id' },
    ]) {
      await expect(users.setStatus(database, stranger, 'disabled')).resolves.toBeNull();
      await expect(users.setRoles(database, stranger, ['admin'])).resolves.toBeNull();
      await expect(users.setPasswordHash(database, stranger, 'x')).resolves.toBeNull();
      await expect(users.setName(database, stranger, 'x')).resolves.toBeNull();
      await expect(users.delete(database, stranger)).resolves.toBeNull();
      await expect(users.findPersonById(stranger.tenantId, stranger.userId)).resolves.toBeNull();
    }
    await expect(personOf(userId)).resolves.toMatchObject({ roles: [], status: 'active', generations: { user: 0 } });
  });

  it('are all counted when they come at once', async () => {
    const userId = await createAda();
    const user = { tenantId: home.id, userId };
    const raised = await Promise.all(
      Array.from({ length: 20 }, () => service.users.setStatus(service.database, user, 'disabled')),
    );
    expect(raised.sort((a, b) => a! - b!)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('read all three generations in one snapshot', async () => {
    const userId = await createAda();
    await dataSource.query('UPDATE tenants SET generation = 4 WHERE id = $1', [home.id]);
    await dataSource.query('UPDATE instance SET generation = 7');
    try {
      const generations = { global: 7, tenant: 4, user: 0 };
      expect((await signIn()).generations).toEqual(generations);
      expect((await personOf(userId)).generations).toEqual(generations);
      const byKey = await service.users.findForLogin(home.id, readIdentifier('ada')!);
      expect(byKey?.generations).toEqual(generations);
    } finally {
      await dataSource.query('UPDATE tenants SET generation = 0; UPDATE instance SET generation = 0');
    }
  });
});

describe('the modules', () => {
  it('give Nest everything that a login needs', async () => {
    const config = loadConfig({ env: { DATABASE_URL: testDatabase.url, NODE_ENV: 'test' } });
    @Global()
    @Module({
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOCKOUT_KEY, useValue: Buffer.alloc(32, 7) },
      ],
      exports: [CONFIG, LOCKOUT_KEY],
    })
    class Surroundings {}
    const imports = [CommonModule.forRoot(createLogger('silent'), clock), Surroundings];
    const app = await Test.createTestingModule({
      imports: [
        ...imports,
        DatabaseModule.forRoot(config),
        RedisModule.forRoot(config),
        KeysModule.forRoot(config),
        MailModule,
        RevocationModule,
        TenancyModule,
        IdentityModule,
      ],
    }).compile();
    await app.init();
    try {
      const tenant = await app.get(TenantResolver).resolve({ host: 'login.other.example' });
      await app
        .get(RegistrationService)
        .createUser({ tenantId: tenant!.id, email: 'eve@example.com', password: PASSWORD });
      const attempt = { tenantId: tenant!.id, identifier: 'eve@example.com', password: PASSWORD, client: CLIENT };
      await expect(app.get(PasswordVerifier).verify(attempt)).resolves.toMatchObject({
        principal: { tenantId: other.id, email: 'eve@example.com' },
      });
    } finally {
      await app.close();
    }
  });
});

describe('tenants', () => {
  it('are found by id, slug and host, and by nothing malformed', async () => {
    const { tenants } = service;
    await expect(tenants.findById(other.id)).resolves.toMatchObject({ slug: 'other' });
    await expect(tenants.findBySlug('other')).resolves.toMatchObject({ id: other.id });
    await expect(tenants.findByHost('login.other.example')).resolves.toMatchObject({ id: other.id });
    for (const bad of ['', 'x', 'a\0b', 'é', '{login.other.example}', 'x'.repeat(300)]) {
      await expect(tenants.findById(bad)).resolves.toBeNull();
      await expect(tenants.findBySlug(bad)).resolves.toBeNull();
      await expect(tenants.findByHost(bad)).resolves.toBeNull();
    }
  });

  it('keep the host that they claimed first', async () => {
    clock.move(1000 * 86_400_000);
    await service.tenants.create({ slug: 'thief', name: 'Thief', hosts: ['login.other.example'] });
    await expect(service.tenants.findByHost('login.other.example')).resolves.toMatchObject({ slug: 'other' });
    await expect(service.resolver.resolve({ host: 'Login.Other.Example' })).resolves.toMatchObject({ slug: 'other' });
  });

  it('have one slug each', async () => {
    await expect(service.tenants.create({ slug: 'other', name: 'Again' })).resolves.toBeNull();
    expect((await service.tenants.list()).filter(({ slug }) => slug === 'other')).toHaveLength(1);
  });
});
