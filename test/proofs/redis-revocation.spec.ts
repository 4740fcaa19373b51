import { report } from '../support/figures';
import { proofSize } from '../support/proof-size';
import { startRedis, type RedisServer } from '../support/redis-server';
import { measureDelays } from '../support/revocation-delays';
import { expecting, registerPeople, ServiceClient, sessionIdOf, type Person } from '../support/service-client';
import { startService, type Profile, type ServiceProcess, type Settings } from '../support/service-process';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

const RUNS = proofSize({ reduced: 40, full: 200 });
const POLLED_RUNS = proofSize({ reduced: 3, full: 30 });
/** Promised: with the push, and by polling alone. Milliseconds. */
const PUSHED = 1_000;
const POLLED = 2_000;

const CASES: readonly (readonly [string, Profile, Settings])[] = [
  ['stateful, sessions read through Redis', 'stateful', { LATCHKEY__AUTH__SESSION__STORE: 'redis' }],
  ['denylist', 'denylist', {}],
];

let database: TestDatabase;
let redis: RedisServer;
let person: Person;
let processes: ServiceProcess[];
let here: ServiceClient;
let there: ServiceClient;

describe.each(CASES)(
  'a login that is ended on one process of two that share a Redis: %s',
  (name, profile, settings) => {
    beforeAll(async () => {
      [database, redis] = await Promise.all([createTestDatabase(), startRedis()]);
      const options = { databaseUrl: database.url, profile, settings: { ...settings, REDIS_URL: redis.url } };
      processes = await Promise.all([startService(options), startService(options)]);
      [here, there] = processes.map(({ url }) => new ServiceClient(url)) as [ServiceClient, ServiceClient];
      [person] = (await registerPeople(here, 1)) as [Person];
    }, 60_000);

    afterAll(async () => {
      [here, there].forEach((client) => client.close());
      await Promise.all(processes.map((service) => service.stop()));
      await Promise.all([database.drop(), redis.stop()]);
    }, 30_000);

    const measure = async (runs: number) => {
      const actor = await expecting(200, here.login(person));
      return measureDelays({ here, there, person }, runs, async (victim) => {
        await expecting(204, here.revoke(actor.access_token, sessionIdOf(victim)));
      });
    };
    const tell = (promise: string, figures: Awaited<ReturnType<typeof measure>>) =>
      report({ proof: 'redis-revocation', promise, setting: name, figures });

    it('is refused by the other within a second, and PostgreSQL notifies nobody', async () => {
      const delays = await measure(RUNS);
      tell('With Redis, a revoked session is refused by every other process within a second', delays);
      expect(delays.p99_ms).toBeLessThan(timeLimit(PUSHED));
      const listening = await withClient(database.url, (client) =>
        client.query(
          `SELECT 1 FROM pg_stat_activity WHERE application_name = 'latchkey-feed' AND datname = current_database()`,
        ),
      );
      expect(listening.rowCount).toBe(0);
    }, 60_000);

    it('is refused within two seconds when Redis is gone', async () => {
      await redis.kill();
      await until('both know', () => processes.every((service) => service.logged('redis_lost').length === 1));
      const delays = await measure(POLLED_RUNS);
      tell('When Redis is killed, a revocation is known within two seconds', delays);
      expect(delays.max_ms).toBeLessThan(timeLimit(POLLED));
    }, 120_000);

    it('is refused as soon as before when Redis is back', async () => {
      await redis.restart();
      await until('both know', () => processes.every((service) => service.logged('redis_restored').length === 1));
      const delays = await measure(POLLED_RUNS);
      tell('When Redis is back, the push is too', delays);
      expect(delays.p50_ms).toBeLessThan(timeLimit(POLLED / 4));
    }, 60_000);
  },
);

it('a service starts, serves and stops in order while its Redis is not there', async () => {
  const own = await createTestDatabase();
  const settings = { REDIS_URL: 'redis://127.0.0.1:1', LATCHKEY__AUTH__SESSION__STORE: 'redis' };
  const service = await startService({ databaseUrl: own.url, settings });
  const client = new ServiceClient(service.url);
  const [somebody] = (await registerPeople(client, 1)) as [Person];
  const grant = await expecting(200, client.login(somebody));
  await expecting(200, client.me(grant.access_token));
  await expecting(200, client.logout(grant.access_token));
  expect(await client.me(grant.access_token)).toMatchObject({ status: 401, code: 'token_revoked' });
  expect(await client.call('GET', '/health/ready')).toMatchObject({ status: 200 });
  expect(service.logged('redis_lost')).toHaveLength(1);
  client.close();
  expect(await service.stop()).toBe(0);
  await own.drop();
}, 60_000);
