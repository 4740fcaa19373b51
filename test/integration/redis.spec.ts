import { setTimeout as pause } from 'node:timers/promises';
import { Clock } from '../../src/common/clock';
import type { RedisConnection } from '../../src/redis/redis-connection';
import { RedisPush } from '../../src/revocation/redis-push';
import { openRedis, REDIS_LIMITS, type OpenedRedis } from '../support/redis-context';
import { freePort, startRedis, startRedisCluster, startRedisSentinel, type RedisServer } from '../support/redis-server';
import { quickestOf, timeLimit } from '../support/time-limit';
import { until } from '../support/until';

jest.setTimeout(60_000);

const opened: RedisConnection[] = [];

async function open(url: string): Promise<OpenedRedis> {
  const one = await openRedis(url, new Clock());
  opened.push(one.redis);
  return one;
}

afterEach(() => opened.splice(0).forEach((redis) => redis.onApplicationShutdown()));

const echo = (redis: RedisConnection) => redis.ask((client) => client.echo('here'));
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
};

/** Two processes: what the one says, the other hears. */
async function expectPush(url: string): Promise<void> {
  const [here, there] = [await open(url), await open(url)];
  let heard = 0;
  await new RedisPush(there.redis, 'test').listen(() => (heard += 1));
  expect(heard).toBe(1);
  const push = new RedisPush(here.redis, 'test');
  await pause(30);
  await push.hurry();
  await until('the other process has heard', () => heard === 2);
  await push.close();
}

describe('one Redis server', () => {
  let server: RedisServer;

  beforeAll(async () => (server = await startRedis()));
  afterAll(() => server.stop());
  afterEach(() => server.thaw());

  it('answers', async () => {
    const { redis } = await open(server.url);
    expect([redis.isUp, await echo(redis)]).toEqual([true, 'here']);
  });

  it('carries the push to every other process', () => expectPush(server.url));

  it('is not believed to be up with the wrong password', async () => {
    const { redis, logged } = await open(server.url.replace(/:[^/:]+@/, ':wrong@'));
    expect([redis.isUp, await echo(redis)]).toEqual([false, null]);
    expect(logged).toEqual(['redis_lost']);
  });

  it('that is not there is told of once, and delays nothing', async () => {
    const { redis, logged } = await open(`redis://127.0.0.1:${await freePort()}`);
    expect(redis.isUp).toBe(false);
    expect(await quickestOf(5, () => echo(redis))).toBeLessThan(20);
    await pause(1_500);
    expect(logged).toEqual(['redis_lost']);
  });

  it('that freezes is waited for once, then no longer, and is found again by itself', async () => {
    const { redis, logged } = await open(server.url);
    server.freeze();
    const waits = await Promise.all(Array.from({ length: 50 }, () => timed(() => echo(redis))));
    expect(Math.max(...waits)).toBeLessThan(timeLimit(400));
    expect(await quickestOf(5, () => echo(redis))).toBeLessThan(20);
    expect(redis.isUp).toBe(false);
    server.thaw();
    await until('it is found again', () => redis.isUp, { within: timeLimit(5_000) });
    expect(await echo(redis)).toBe('here');
    expect(logged).toEqual(['redis_lost', 'redis_restored']);
  });

  it('that freezes for longer than a connection may be silent is found again too', async () => {
    const { redis } = await open(server.url);
    server.freeze();
    await echo(redis);
    await pause(3 * REDIS_LIMITS.connectTimeout);
    expect(redis.isUp).toBe(false);
    server.thaw();
    await until('it is found again', () => redis.isUp, { within: timeLimit(10_000) });
  });

  it('that is killed and comes back carries the push again', async () => {
    const [here, there] = [await open(server.url), await open(server.url)];
    let heard = 0;
    await new RedisPush(there.redis, 'test').listen(() => (heard += 1));
    await server.kill();
    await until('the loss is noticed', () => !here.redis.isUp && !there.redis.isUp);
    await new RedisPush(here.redis, 'test').hurry();
    expect(heard).toBe(1);
    await server.restart();
    await until('both are back', () => here.redis.isUp && there.redis.isUp, { within: timeLimit(10_000) });
    await until('listening began again', () => heard === 2);
    await new RedisPush(here.redis, 'test').hurry();
    await until('the other process has heard', () => heard === 3);
  });

  it('that refuses a command is still up', async () => {
    const { redis, logged } = await open(server.url);
    await redis.ask((client) => client.set('text', 'x'));
    expect(await redis.ask((client) => client.lpush('text', 'y'))).toBeNull();
    expect([redis.isUp, logged]).toEqual([true, ['redis_refused']]);
  });

  it('leads to few looks, however many messages come', async () => {
    const [here, there] = [await open(server.url), await open(server.url)];
    let heard = 0;
    await new RedisPush(there.redis, 'flood').listen(() => (heard += 1));
    const begun = performance.now();
    for (let i = 0; i < 2_000; i++) await here.redis.ask((client) => client.publish('flood:revocations', 'x'));
    const looks = (performance.now() - begun) / 20 + 3;
    expect(heard).toBeGreaterThan(1);
    expect(heard).toBeLessThanOrEqual(looks);
  });

  it('hears nothing that is said under another prefix', async () => {
    const [here, there] = [await open(server.url), await open(server.url)];
    const heard: string[] = [];
    await new RedisPush(there.redis, 'a').listen(() => heard.push('a'));
    await new RedisPush(there.redis, 'b').listen(() => heard.push('b'));
    await pause(100);
    heard.length = 0;
    await new RedisPush(here.redis, 'b').hurry();
    await until('it was heard', () => heard.length > 0);
    expect(heard).toEqual(['b']);
  });
});

describe('a Redis cluster of three masters', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>;

  beforeAll(async () => (cluster = await startRedisCluster()));
  afterAll(() => cluster?.stop());

  it('carries the push from every process to every other', () => expectPush(cluster.url));

  it('keeps keys wherever their slot is', async () => {
    const { redis } = await open(cluster.url);
    for (let i = 0; i < 30; i++) await redis.ask((client) => client.set(`key-${i}`, String(i)));
    for (let i = 0; i < 30; i++) expect(await redis.ask((client) => client.get(`key-${i}`))).toBe(String(i));
    const sizes = await Promise.all(cluster.nodes.map((node) => node.command('DBSIZE')));
    expect(sizes.every((size) => Number(size) > 0)).toBe(true);
  });

  it('with a frozen master is never waited for longer than one command may take', async () => {
    const { redis } = await open(cluster.url);
    cluster.nodes[0]!.freeze();
    const waits: number[] = [];
    for (let i = 0; i < 30; i++) waits.push(await timed(() => redis.ask((client) => client.get(`key-${i}`))));
    cluster.nodes[0]!.thaw();
    expect(Math.max(...waits)).toBeLessThan(timeLimit(400));
    await until('it is up again', () => redis.isUp, { within: 20_000 });
  });
});

describe('a Redis behind Sentinel', () => {
  let sentinel: Awaited<ReturnType<typeof startRedisSentinel>>;

  beforeAll(async () => (sentinel = await startRedisSentinel()));
  afterAll(() => sentinel?.stop());

  it('carries the push', () => expectPush(sentinel.url));

  it('is followed to the new master after a failover', async () => {
    const { redis } = await open(sentinel.url);
    expect(await redis.ask((client) => client.set('key', 'one'))).toBe('OK');
    await sentinel.master.kill();
    await until('the replica was promoted', async () => (await sentinel.replica.command('ROLE')).startsWith('master'), {
      within: 30_000,
      every: 100,
    });
    await until('it is up again', () => redis.isUp, { within: 20_000 });
    expect(await redis.ask((client) => client.set('key', 'two'))).toBe('OK');
    expect(await sentinel.replica.command('GET', 'key')).toBe('two');
  });
});
