import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { startRedis, type RedisServer } from '../support/redis-server';
import { startTcpProxy } from '../support/tcp-proxy';
import type { Answer } from '../support/http-client';
import type { Settings } from '../support/test-app';
import { Service, useService } from './service';

/** Limits that one test can reach; every account has room. */
const LIMITS: Settings = {
  'auth.limits.enabled': true,
  'auth.limits.login.points': 4,
  'auth.limits.account.points': 1000,
  'auth.lockout.max_attempts': 1000,
};
const BEHIND_PROXY: Settings = { ...LIMITS, 'server.trusted_proxies': ['127.0.0.1'] };

let networks = 0;

/** An address that no other test came from. */
function stranger(): string {
  networks += 1;
  return `203.0.${113 + (networks >> 8)}.${networks % 256}`;
}

function guess(service: Service, from: string, email = 'nobody@example.com'): Promise<Answer<unknown>> {
  return service.http.post('/auth/login', {
    json: { email, password: 'not the password' },
    headers: { 'x-forwarded-for': from },
  });
}

/** How many of so many guesses were judged. */
async function judged(service: Service, addresses: readonly string[]): Promise<number> {
  const codes: string[] = [];
  for (const address of addresses) codes.push((await guess(service, address)).code);
  expect(codes.filter((code) => !['invalid_credentials', 'rate_limited'].includes(code))).toEqual([]);
  return codes.filter((code) => code === 'invalid_credentials').length;
}

const times = (count: number, make: (i: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => make(i));

describe('the limit of an address', () => {
  const service = useService({ settings: BEHIND_PROXY });

  it('is one for an IPv6 network of 64 bits, however many of its addresses are used', async () => {
    const rotating = times(10, (i) => `2001:db8:1:2:${(i * 4099).toString(16)}::${i + 1}`);
    expect(await judged(service, rotating)).toBe(4);
    expect((await guess(service, '2001:db8:1:3::1')).code).toBe('invalid_credentials');
  });

  it('is one for every way to write an address', async () => {
    const spellings = ['2001:DB8:9:0:0:0:0:1', '2001:db8:9::1', '2001:0db8:0009:0000::0001', '2001:db8:9:0::0.0.0.1'];
    expect(await judged(service, [...spellings, ...spellings])).toBe(4);
    const mapped = ['198.51.100.7', '::ffff:198.51.100.7', '::FFFF:C633:6407', '0:0:0:0:0:ffff:c633:6407'];
    expect(await judged(service, [...mapped, ...mapped])).toBe(4);
  });

  it('counts the last address that a trusted proxy saw, whatever stands before it', async () => {
    const real = stranger();
    expect(
      await judged(
        service,
        times(8, (i) => `10.0.0.${i}, ${real}`),
      ),
    ).toBe(4);
  });

  it('tells what is left, and when it will be more', async () => {
    const address = stranger();
    const first = await guess(service, address);
    expect(first.headers.get('ratelimit-policy')).toBe('"address";q=100;w=60, "login";q=4;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"address";r=99;t=\d+, "login";r=3;t=\d+$/);
    for (let i = 0; i < 3; i += 1) await guess(service, address);
    const refused = await guess(service, address);
    expect([refused.status, refused.code]).toEqual([429, 'rate_limited']);
    expect(refused.headers.get('ratelimit')).toMatch(/"login";r=0;t=\d+$/);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(refused.body).toMatchObject({ retry_after: seconds });
  });

  it('refuses a right password too, and lets another address in', async () => {
    const person = await service.person();
    const [full, free] = [stranger(), stranger()];
    await judged(
      service,
      times(4, () => full),
    );
    expect((await service.login(person, {}, { headers: { 'x-forwarded-for': full } })).code).toBe('rate_limited');
    expect((await service.login(person, {}, { headers: { 'x-forwarded-for': free } })).status).toBe(200);
  });

  it('is told of in few lines, whatever the number of refusals', async () => {
    const before = service.app.logged('rate_limited').length;
    await judged(
      service,
      times(40, () => '203.0.112.1'),
    );
    const lines = service.app.logged('rate_limited').slice(before);
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(lines.every(({ reason }) => reason === 'login')).toBe(true);
  });
});

describe('without trusted proxies', () => {
  const service = useService({ settings: LIMITS });

  it('nothing that the caller says changes the address it counts for', async () => {
    expect(
      await judged(
        service,
        times(8, () => stranger()),
      ),
    ).toBe(4);
  });
});

describe('the other limits', () => {
  const service = useService({
    settings: {
      ...BEHIND_PROXY,
      'auth.limits.per_address.points': 6,
      'auth.limits.refresh.points': 2,
      'auth.limits.register.points': 2,
      'auth.limits.client.points': 3,
      'auth.limits.token.points': 3,
      'auth.limits.account.points': 3,
    },
  });

  async function codes(count: number, ask: (i: number) => Promise<Answer<unknown>>): Promise<string[]> {
    const answers: string[] = [];
    for (let i = 0; i < count; i += 1) answers.push((await ask(i)).code);
    return answers;
  }

  it('hold for refreshing and for registering', async () => {
    const headers = { 'x-forwarded-for': stranger() };
    expect(await codes(3, () => service.refresh('nothing', { headers }))).toEqual([
      'invalid_grant',
      'invalid_grant',
      'rate_limited',
    ]);
    const register = () => service.http.post('/auth/register', { json: {}, headers });
    expect(await codes(3, register)).toEqual(['validation_failed', 'validation_failed', 'rate_limited']);
  });

  it('hold for all limited routes together', async () => {
    const headers = { 'x-forwarded-for': stranger() };
    expect((await codes(7, () => service.http.get('/auth/mode', { headers }))).pop()).toBe('rate_limited');
    expect((await guess(service, headers['x-forwarded-for'])).code).toBe('rate_limited');
  });

  it('hold for an account from many addresses, whether it exists or not', async () => {
    const { email } = await service.person();
    for (const name of [email, email.replace('ada', 'bob')]) {
      const answers = await codes(5, (i) => guess(service, stranger(), i % 2 ? name : name.toUpperCase()));
      expect(answers).toEqual([...Array<string>(3).fill('invalid_credentials'), 'rate_limited', 'rate_limited']);
    }
  });

  it('hold for tokens that were never valid, and never hold up a good one', async () => {
    const headers = { 'x-forwarded-for': stranger() };
    const { grant } = await service.signedIn(undefined, {}, { headers });
    const made = await codes(5, (i) => service.me(`lk_at_${i}`, { headers }));
    expect(made).toEqual([...Array<string>(3).fill('invalid_token'), 'rate_limited', 'rate_limited']);
    expect((await service.me(grant.access_token, { headers })).status).toBe(200);
    expect((await codes(5, () => service.http.get('/auth/me', { headers }))).every((c) => c === 'missing_token')).toBe(
      true,
    );
  });

  it('hold for clients that fail to prove who they are', async () => {
    const headers = {
      'x-forwarded-for': stranger(),
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from('nobody:nothing').toString('base64')}`,
    };
    const ask = (path: string) => service.http.post<{ error: string }>(path, { headers, raw: 'token=x' });
    const answers = await codes(5, (i) => ask(i % 2 ? '/oauth/introspect' : '/oauth/token'));
    expect(answers).toEqual([...Array<string>(3).fill('invalid_client'), 'rate_limited', 'rate_limited']);
    expect((await ask('/oauth/token')).body.error).toBe('temporarily_unavailable');
  });
});

describe('the limit of a tenant', () => {
  const service = useService({ settings: { ...BEHIND_PROXY, 'auth.limits.tenant.points': 3 } });

  it('holds for everybody in it and for nobody else', async () => {
    const [crowded, quiet] = [await service.tenant(), await service.tenant()];
    const login = (tenant_id: string, i: number) =>
      service.http.post('/auth/login', {
        json: { email: `someone-${i}@example.com`, password: 'not the password', tenant_id },
        headers: { 'x-forwarded-for': stranger() },
      });
    const answers = [];
    for (let i = 0; i < 4; i += 1) answers.push((await login(crowded.id, i)).code);
    expect(answers.pop()).toBe('rate_limited');
    expect((await login(quiet.id, 9)).code).toBe('invalid_credentials');
  });
});

describe.each(['postgres', 'redis', 'memory'] as const)('counts kept in %s', (store) => {
  let database: TestDatabase;
  let redis: RedisServer | null = null;
  let settings: Settings;

  beforeAll(async () => {
    database = await createTestDatabase();
    redis = store === 'redis' ? await startRedis() : null;
    settings = { ...BEHIND_PROXY, 'auth.limits.store': store, ...(redis && { 'redis.url': redis.url }) };
  });

  afterAll(async () => {
    await redis?.stop();
    await database.drop();
  });

  async function started(): Promise<Service> {
    const service = new Service({ settings, database });
    await service.start();
    return service;
  }

  it('are exact, shared by the processes that share the store, and last beyond them', async () => {
    const [address, sharing] = [stranger(), store !== 'memory'];
    const [first, second] = [await started(), await started()];
    expect(
      await judged(
        first,
        times(3, () => address),
      ),
    ).toBe(3);
    expect(
      await judged(
        second,
        times(6, () => address),
      ),
    ).toBe(sharing ? 1 : 4);
    const crowd = stranger();
    const answers = await Promise.all(times(30, () => crowd).map((from) => guess(first, from)));
    expect(answers.filter(({ code }) => code === 'invalid_credentials')).toHaveLength(4);
    await Promise.all([first.stop(), second.stop()]);
    const later = await started();
    expect(
      await judged(
        later,
        times(6, () => address),
      ),
    ).toBe(sharing ? 0 : 4);
    await later.stop();
  });
});

describe('when the store of the counts is lost', () => {
  it('Redis: half as much is allowed in each process, nothing is answered 5xx, and it is told of once', async () => {
    const redis = await startRedis();
    const service = new Service({ settings: { ...BEHIND_PROXY, 'redis.url': redis.url } });
    await service.start();
    expect(
      await judged(
        service,
        times(2, () => '198.51.100.1'),
      ),
    ).toBe(2);
    await redis.kill();
    expect(
      await judged(
        service,
        times(8, () => '198.51.100.2'),
      ),
    ).toBe(2);
    expect(
      await judged(
        service,
        times(8, () => '198.51.100.3'),
      ),
    ).toBe(2);
    expect(service.app.logged('limiter_degraded')).toHaveLength(1);
    await redis.restart();
    await service.stop();
    await redis.stop();
  });

  it('the database: what is not refused is unavailable, and no more gets through than before', async () => {
    const database = await createTestDatabase();
    const proxy = await startTcpProxy(database.url);
    const settings = { ...BEHIND_PROXY, 'auth.limits.store': 'postgres' };
    const service = new Service({ settings, database: { ...database, url: proxy.url } });
    await service.start();
    await judged(service, ['198.51.100.4']);
    proxy.cut();
    const answers = [];
    for (let i = 0; i < 6; i += 1) answers.push((await guess(service, '198.51.100.5')).code);
    expect(answers.slice(2)).toEqual(Array(4).fill('rate_limited'));
    expect(new Set(answers.slice(0, 2))).toEqual(new Set(['unavailable']));
    expect(service.app.logged('limiter_degraded')).toHaveLength(1);
    proxy.restore();
    await service.stop();
    await proxy.close();
    await database.drop();
  });
});
