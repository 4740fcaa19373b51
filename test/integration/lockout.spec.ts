import { type AuthError } from '@latchkey/nest';
import type { DataSource } from 'typeorm';
import { RESERVATION_LIFE_MS } from '../../src/protection/lockout.service';
import type { Tenant } from '../../src/tenancy/tenant.entity';
import {
  CLIENT,
  connect,
  ControlledClock,
  identityProcess,
  MINUTE,
  type IdentityProcess,
  type ProcessSettings,
} from '../support/identity-services';
import { createTestDatabase, type TestDatabase } from '../support/test-database';

const RIGHT = 'correct horse battery';
const WRONG = 'wrong horse battery';

let testDatabase: TestDatabase;
let dataSource: DataSource;
let tenant: Tenant;
let clock: ControlledClock;
let service: IdentityProcess;
let ada: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataSource = await connect(testDatabase.url);
  tenant = await identityProcess(dataSource).tenants.getDefault();
});

afterAll(async () => {
  await dataSource.destroy();
  await testDatabase.drop();
});

beforeEach(async () => {
  await dataSource.query('TRUNCATE users CASCADE; TRUNCATE login_attempts');
  clock = new ControlledClock();
  service = processOf();
  const account = { tenantId: tenant.id, email: 'ada@example.com', username: 'ada', password: RIGHT };
  ada = await service.registration.createUser(account);
  await service.hasher.verify('warms the dummy', null);
  service.events.all = [];
});

function processOf(settings: ProcessSettings = {}): IdentityProcess {
  return identityProcess(dataSource, { clock, ...settings });
}

interface Ask {
  identifier?: string;
  tenantId?: string | null;
  by?: IdentityProcess;
}

function ask(password: string, { identifier = 'ada@example.com', tenantId = tenant.id, by = service }: Ask = {}) {
  return by.verifier.verify({ tenantId, identifier, password, client: CLIENT });
}

/** The code of the answer; `signed in` when it was not an error. */
async function answer(password: string, options?: Ask): Promise<string> {
  return ask(password, options).then(
    () => 'signed in',
    (error: AuthError) => error.code,
  );
}

async function refusal(options: Ask): Promise<AuthError> {
  return ask(WRONG, options).then(
    () => {
      throw new Error('nothing was refused');
    },
    (error: AuthError) => error,
  );
}

function tally(answers: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of answers) counts[each] = (counts[each] ?? 0) + 1;
  return counts;
}

async function inTurn(count: number, password = WRONG, options?: Ask): Promise<string[]> {
  const answers: string[] = [];
  for (let i = 0; i < count; i += 1) answers.push(await answer(password, options));
  return answers;
}

async function attemptRow() {
  const rows = await dataSource.query<{ failures: number; pending: string[]; locked_until: Date | null }[]>(
    'SELECT failures, pending, locked_until FROM login_attempts',
  );
  expect(rows).toHaveLength(1);
  return rows[0];
}

describe('attempts in parallel', () => {
  it('judges at most five of 200 wrong passwords, and refuses a right one among the rest', async () => {
    const other = processOf();
    const attempts = Array.from({ length: 200 }, (_, i) => answer(WRONG, { by: i % 2 ? other : service }));
    attempts.splice(100, 0, answer(RIGHT));
    const counts = tally(await Promise.all(attempts));
    expect(service.events.judged + other.events.judged).toBeLessThanOrEqual(5);
    expect(counts['signed in']).toBeUndefined();
    expect(counts['invalid_credentials']).toBe(5);
    expect((counts['rate_limited'] ?? 0) + (counts['account_locked'] ?? 0)).toBe(196);
    expect(await answer(RIGHT)).toBe('account_locked');
  });

  it('judges at most five when the e-mail address and the username take turns', async () => {
    const other = processOf();
    const identifiers = ['ada@example.com', 'ada', 'ADA', 'Ada@Example.com'];
    const attempts = Array.from({ length: 200 }, (_, i) =>
      answer(WRONG, { by: i % 2 ? other : service, identifier: identifiers[i % 4] }),
    );
    const counts = tally(await Promise.all(attempts));
    expect(service.events.judged + other.events.judged).toBe(5);
    expect(counts['invalid_credentials']).toBe(5);
    for (const identifier of identifiers) expect(await answer(RIGHT, { identifier })).toBe('account_locked');
  });

  it('records the lock once, whichever process sets it', async () => {
    const other = processOf();
    await Promise.all(Array.from({ length: 40 }, (_, i) => answer(WRONG, { by: i % 2 ? other : service })));
    const locks = [...service.events.named('account_locked'), ...other.events.named('account_locked')];
    expect(locks).toEqual([{ event: 'account_locked', tenantId: tenant.id, userId: ada }]);
  });

  it('locks nobody out for six right passwords at once', async () => {
    const counts = tally(await Promise.all(Array.from({ length: 6 }, () => answer(RIGHT))));
    expect(counts['account_locked']).toBeUndefined();
    expect(counts['signed in']).toBeGreaterThanOrEqual(5);
    expect(await attemptRow()).toEqual({ failures: 0, pending: [], locked_until: null });
    expect(await answer(RIGHT)).toBe('signed in');
  });

  it('does not remember attempts that were refused', async () => {
    await Promise.all(Array.from({ length: 50 }, () => answer(RIGHT)));
    clock.move(1);
    expect(await inTurn(4)).toEqual(Array(4).fill('invalid_credentials'));
    expect(await answer(RIGHT)).toBe('signed in');
  });
});

describe('a lock', () => {
  it('follows the last wrong password allowed and says when it ends', async () => {
    expect(await inTurn(5)).toEqual(Array(5).fill('invalid_credentials'));
    clock.move(5 * MINUTE);
    await expect(ask(RIGHT)).rejects.toMatchObject({ code: 'account_locked', status: 429, retryAfter: 600 });
    expect(service.events.named('login_failed').at(-1)).toMatchObject({ reason: 'locked', tenantId: tenant.id });
  });

  it('is not prolonged by asking, and ends by itself', async () => {
    await inTurn(5);
    clock.move(14 * MINUTE);
    expect(await inTurn(10)).toEqual(Array(10).fill('account_locked'));
    clock.move(MINUTE);
    expect(await answer(RIGHT)).toBe('signed in');
  });

  it('starts counting from nothing when it has passed', async () => {
    await inTurn(5);
    clock.move(15 * MINUTE);
    expect(await inTurn(4)).toEqual(Array(4).fill('invalid_credentials'));
    expect(await answer(RIGHT)).toBe('signed in');
  });

  it('costs no hash', async () => {
    await inTurn(5);
    service.events.all = [];
    await inTurn(20);
    expect(service.events.judged).toBe(0);
  });

  it('survives a restart', async () => {
    await inTurn(5);
    expect(await answer(RIGHT, { by: processOf() })).toBe('account_locked');
  });

  it('is lifted by an operator, whatever the spelling', async () => {
    await inTurn(5);
    await expect(
      service.lockout.unlock({ tenantId: tenant.id, identifier: 'ADA@Example.com', userId: ada }),
    ).resolves.toBe(true);
    await expect(service.lockout.unlock({ tenantId: tenant.id, identifier: 'ada', userId: ada })).resolves.toBe(false);
    expect(service.events.named('account_unlocked')).toHaveLength(1);
    expect(await answer(RIGHT)).toBe('signed in');
  });

  it('covers every spelling that reaches the account', async () => {
    const spellings = ['ada@example.com', 'ADA@example.com', 'Ada@Example.Com', 'aDA@EXAMPLE.COM', 'adA@example.com'];
    for (const identifier of spellings) await answer(WRONG, { identifier });
    expect(await answer(RIGHT)).toBe('account_locked');
  });

  it('covers the username of an account whose address was tried, and the other way round', async () => {
    for (const identifier of ['ada@example.com', 'ada', 'ada@example.com', 'ada']) await answer(WRONG, { identifier });
    expect(await answer(WRONG, { identifier: 'ada' })).toBe('invalid_credentials');
    expect(await answer(RIGHT)).toBe('account_locked');
    expect(await answer(RIGHT, { identifier: 'ada' })).toBe('account_locked');
    expect(service.events.judged).toBe(5);
  });

  it('of a name that nobody has is no lock of an account that takes the name later', async () => {
    await inTurn(5, WRONG, { identifier: 'newcomer' });
    expect(await answer(RIGHT, { identifier: 'newcomer' })).toBe('account_locked');
    await service.registration.createUser({ tenantId: tenant.id, username: 'newcomer', password: RIGHT });
    expect(await answer(RIGHT, { identifier: 'newcomer' })).toBe('signed in');
  });

  it('leaves the same address of another tenant alone', async () => {
    const name = `other-${clock.now()}`;
    const other = await service.tenants.create({ slug: name, name });
    const namesake = await service.registration.createUser({
      tenantId: other!.id,
      email: 'ada@example.com',
      password: RIGHT,
    });
    await inTurn(5);
    expect(await answer(RIGHT)).toBe('account_locked');
    expect(await answer(RIGHT, { tenantId: other!.id })).toBe('signed in');
    await expect(
      service.lockout.unlock({ tenantId: other!.id, identifier: 'ada@example.com', userId: namesake }),
    ).resolves.toBe(false);
    expect(await answer(RIGHT)).toBe('account_locked');
  });

  it('still holds when the limit was lowered below the failures so far', async () => {
    const generous = processOf({ maxAttempts: 10 });
    await inTurn(7, WRONG, { by: generous });
    await expect(ask(RIGHT)).rejects.toMatchObject({ code: 'account_locked', retryAfter: 900 });
    clock.move(15 * MINUTE);
    expect(await answer(RIGHT)).toBe('signed in');
  });

  it('follows the very first wrong password when the limit is one', async () => {
    const strict = processOf({ maxAttempts: 1 });
    expect(await inTurn(2, WRONG, { by: strict })).toEqual(['invalid_credentials', 'account_locked']);
  });
});

describe('failures', () => {
  it('are forgotten by a right password', async () => {
    await inTurn(4);
    expect(await answer(RIGHT)).toBe('signed in');
    expect(await inTurn(4)).toEqual(Array(4).fill('invalid_credentials'));
    expect(await answer(RIGHT)).toBe('signed in');
  });

  it('are forgotten when the last one is long ago', async () => {
    await inTurn(4);
    clock.move(15 * MINUTE);
    expect(await inTurn(4)).toEqual(Array(4).fill('invalid_credentials'));
    expect(await answer(RIGHT)).toBe('signed in');
  });

  it('are remembered while they go on', async () => {
    for (let i = 0; i < 5; i += 1) {
      await answer(WRONG);
      clock.move(14 * MINUTE);
    }
    expect(await answer(RIGHT)).toBe('account_locked');
  });
});

describe('accounts that do not exist', () => {
  it.each([
    ['an unknown address', { identifier: 'nobody@example.com' }],
    ['an unknown username', { identifier: 'nobody' }],
    ['an identifier that nobody can have', { identifier: 'no\u0131body@example.com' }],
    ['an unknown tenant', { tenantId: null }],
  ])('get the same answers as those that do: %s', async (_, unknown) => {
    const answers = async (options: Ask) => {
      const bodies = [];
      for (let i = 0; i < 7; i += 1) {
        const { code, message, status, retryAfter, errors } = await refusal(options);
        bodies.push({ code, message, status, retryAfter, errors });
        clock.move(1000);
      }
      return bodies;
    };
    const known = await answers({});
    const judged = service.events.judged;
    expect(await answers(unknown)).toEqual(known);
    expect(service.events.judged).toBe(2 * judged);
    expect(known.map(({ code }) => code)).toEqual([
      ...Array(5).fill('invalid_credentials'),
      ...Array(2).fill('account_locked'),
    ]);
  });

  it('are not named in the table', async () => {
    await answer(WRONG, { identifier: 'nobody@example.com' });
    const [{ key }] = await dataSource.query<[{ key: string }]>(
      "SELECT encode(account_key, 'escape') AS key FROM login_attempts",
    );
    expect(key).not.toContain('nobody');
  });
});

describe('reservations', () => {
  const account = () => ({ tenantId: tenant.id, identifier: 'ada@example.com', userId: ada });

  it('of a dead process expire without counting as failures', async () => {
    const dead = processOf();
    for (let i = 0; i < 5; i += 1) await dead.lockout.reserve(account());
    await expect(ask(RIGHT)).rejects.toMatchObject({ code: 'rate_limited', status: 429, retryAfter: 1 });
    expect(service.events.named('login_failed').at(-1)).toMatchObject({ reason: 'rate_limited' });
    clock.move(RESERVATION_LIFE_MS);
    expect(await answer(RIGHT)).toBe('rate_limited');
    clock.move(1);
    expect(await answer(RIGHT)).toBe('signed in');
    expect(await attemptRow()).toEqual({ failures: 0, pending: [], locked_until: null });
  });

  it('count together with failures', async () => {
    await inTurn(3);
    const first = await service.lockout.reserve(account());
    await service.lockout.reserve(account());
    expect(await answer(RIGHT)).toBe('rate_limited');
    await service.lockout.release(first);
    expect(await answer(RIGHT)).toBe('signed in');
  });

  it('that end late still count their failure, and lock at the limit', async () => {
    await inTurn(4);
    const late = await service.lockout.reserve(account());
    clock.move(RESERVATION_LIFE_MS + 1);
    await service.lockout.failed(late);
    expect(await answer(RIGHT)).toBe('account_locked');
  });

  it('that fail after the lock do not move it', async () => {
    const late = await service.lockout.reserve(account());
    await inTurn(4);
    clock.move(RESERVATION_LIFE_MS + 1);
    await inTurn(1);
    clock.move(MINUTE);
    await service.lockout.failed(late);
    await expect(ask(RIGHT)).rejects.toMatchObject({ code: 'account_locked', retryAfter: 14 * 60 });
    clock.move(14 * MINUTE);
    expect(await answer(RIGHT)).toBe('signed in');
  });

  it('are given back when the hashing lane is full, without counting', async () => {
    const narrow = processOf({ lane: { maxConcurrent: 1, queueLimit: 0 }, maxAttempts: 20 });
    await narrow.hasher.verify('warms the dummy', null);
    const counts = tally(await Promise.all(Array.from({ length: 10 }, () => answer(WRONG, { by: narrow }))));
    expect(counts['overloaded']).toBeGreaterThan(0);
    expect(await attemptRow()).toMatchObject({ failures: counts['invalid_credentials'], pending: [] });
  });

  it('are not taken when the directory cannot be read', async () => {
    await dataSource.query('ALTER TABLE users RENAME TO users_away');
    try {
      await expect(ask(RIGHT)).rejects.toMatchObject({ code: '42P01' });
    } finally {
      await dataSource.query('ALTER TABLE users_away RENAME TO users');
    }
    expect(await dataSource.query('SELECT 1 FROM login_attempts')).toEqual([]);
  });
});

describe('purging', () => {
  it('removes what says nothing any more, in batches, and nothing else', async () => {
    for (const name of ['a', 'b', 'c']) await answer(WRONG, { identifier: name + name });
    clock.move(15 * MINUTE);
    await answer(WRONG, { identifier: 'recent' });
    await service.lockout.reserve({ tenantId: tenant.id, identifier: 'pending' });
    await expect(service.lockout.purgeExpired(clock.date(), 2)).resolves.toBe(2);
    await expect(service.lockout.purgeExpired(clock.date(), 2)).resolves.toBe(1);
    await expect(service.lockout.purgeExpired(clock.date(), 2)).resolves.toBe(0);
    const [{ left }] = await dataSource.query<[{ left: string }]>('SELECT count(*) AS left FROM login_attempts');
    expect(left).toBe('2');
  });
});
