import { randomUUID } from 'node:crypto';
import { formatOpaqueToken, newSecret, type OpaqueTokenUse } from '../../src/strategy/opaque-token';
import { report } from '../support/figures';
import { proofSize } from '../support/proof-size';
import { startRedis, type RedisServer } from '../support/redis-server';
import {
  expecting,
  registerPeople,
  ServiceClient,
  type Answer,
  type Grant,
  type Person,
} from '../support/service-client';
import { startService, type Profile, type ServiceProcess, type Settings } from '../support/service-process';
import { StatementLog } from '../support/statement-log';

const LOGINS = proofSize({ reduced: 40, full: 200 });
const WARM = proofSize({ reduced: 200, full: 1_000 });
const AT_A_TIME = 4;

/** Statements of one operation on the request path. A larger number here is a decision, not an accident. */
interface Cost {
  readonly login: number;
  readonly cold: number;
  readonly warm: number;
  readonly refresh: number;
  readonly logout: number;
}

// Login: reserve an attempt, read the person, settle the attempt, and a row where one is kept.
// Logout: BEGIN, the row, the revocation, COMMIT. Refresh: the decision, and carrying the row on; where nothing is
// recorded, whether a process of another profile has recorded something.
const COSTS: readonly (readonly [Profile, Cost])[] = [
  ['stateful', { login: 4, cold: 1, warm: 0, refresh: 2, logout: 4 }],
  ['tracked', { login: 4, cold: 0, warm: 0, refresh: 2, logout: 4 }],
  ['denylist', { login: 3, cold: 0, warm: 0, refresh: 1, logout: 4 }],
  ['none', { login: 3, cold: 0, warm: 0, refresh: 2, logout: 0 }],
];
const CACHE_OFF: Settings = { LATCHKEY__AUTH__CACHE__ENABLED: 'false' };

let database: StatementLog;
let people: Person[];
let service: ServiceProcess;
let client: ServiceClient;

beforeAll(async () => {
  database = await StatementLog.start();
  await begin('stateful');
  people = await registerPeople(client, AT_A_TIME);
  await end();
}, 60_000);

afterAll(() => database.stop(), 30_000);

async function begin(profile: Profile, settings: Settings = {}): Promise<void> {
  service = await startService({ databaseUrl: database.url, profile, settings });
  client = new ServiceClient(service.url);
}

async function end(): Promise<void> {
  client.close();
  await service.stop();
}

/** Runs `step` on each item, a few at a time. */
async function each<T, R>(items: readonly T[], step: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += AT_A_TIME) {
    results.push(...(await Promise.all(items.slice(i, i + AT_A_TIME).map((item, j) => step(item, i + j)))));
  }
  return results;
}

const times = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const me = (grant: Grant) => expecting(200, client.me(grant.access_token));
const login = (index: number) => expecting(200, client.login(people[index % people.length] as Person));

describe.each(COSTS)('statements on the request path, counted by PostgreSQL: %s', (profile, cost) => {
  let grants: Grant[];

  beforeAll(() => begin(profile), 30_000);
  afterAll(end, 30_000);

  it(`login costs ${cost.login}`, async () => {
    await login(0);
    const seen = await database.during(() => each(times(LOGINS), login));
    grants = seen.result;
    tell(`A login costs ${cost.login} statements`, { logins: LOGINS, statements: seen.requests });
    expect(seen.requests).toBe(LOGINS * cost.login);
  }, 60_000);

  it(`the first request of a token costs ${cost.cold}, in a process that never saw it`, async () => {
    await end();
    await begin(profile);
    const seen = await database.during(() => each(grants, me));
    tell(`A token that this process never saw costs ${cost.cold}`, { tokens: LOGINS, statements: seen.requests });
    expect(seen.requests).toBe(LOGINS * cost.cold);
  }, 60_000);

  it('every further request costs nothing, and no timer pays instead', async () => {
    const seen = await database.during(() => each(times(WARM), (i) => me(grants[i % grants.length] as Grant)));
    tell('A guarded request whose token is known costs no statement', {
      requests: WARM,
      statements: seen.requests,
      statements_of_timers: seen.background,
    });
    expect(seen.requests).toBe(WARM * cost.warm);
    expect(seen.background).toBeLessThan(WARM / 4);
  }, 60_000);

  it('refusing a token that was never issued costs nothing, or one look where its id could exist', async () => {
    const seen = await costsOfRefusals(grants[0] as Grant);
    expect(seen).toEqual({ malformed: 0, wrong_checksum: 0, other_use: 0, forged_jwt: 0, unknown_opaque: 1 });
    tell('A malformed or mistyped token costs no statement, an unknown one costs one', seen);
  }, 30_000);

  it(`refresh costs ${cost.refresh}, logout ${cost.logout}`, async () => {
    const refreshed = await database.during(() =>
      each(grants, (grant) => expecting(200, client.refresh(grant.refresh_token))),
    );
    await each(refreshed.result, me);
    const left = await database.during(() =>
      each(refreshed.result, (grant) => expecting(200, client.logout(grant.access_token))),
    );
    tell(`A refresh costs ${cost.refresh} statements, a logout ${cost.logout}`, {
      refreshes: LOGINS,
      statements_of_refreshes: refreshed.requests,
      logouts: LOGINS,
      statements_of_logouts: left.requests,
    });
    expect(refreshed.requests).toBe(LOGINS * cost.refresh);
    expect(left.requests).toBe(LOGINS * cost.logout);
  }, 60_000);

  function tell(promise: string, figures: Record<string, number>): void {
    report({ proof: 'query-counts', promise, setting: profile, figures });
  }
});

const [STATEFUL, , DENYLIST] = COSTS;

describe.each([STATEFUL!, DENYLIST!])('with the cache of verified tokens off: %s', (profile, cost) => {
  beforeAll(() => begin(profile, CACHE_OFF), 30_000);
  afterAll(end, 30_000);

  it(`every guarded request costs ${cost.cold}`, async () => {
    const grant = await login(0);
    const seen = await database.during(() => each(times(LOGINS), () => me(grant)));
    expect(seen.requests).toBe(LOGINS * cost.cold);
  }, 30_000);
});

describe('sessions read through Redis', () => {
  let redis: RedisServer;
  let settings: Settings;

  beforeAll(async () => {
    redis = await startRedis();
    settings = { REDIS_URL: redis.url, LATCHKEY__AUTH__SESSION__STORE: 'redis' };
    await begin('stateful', settings);
  }, 30_000);

  afterAll(async () => {
    await end();
    await redis.stop();
  }, 30_000);

  it('a token that another process has read costs no statement, and once known nothing of Redis either', async () => {
    const grants = await each(times(LOGINS), login);
    const first = await database.during(() => each(grants, me));
    await end();
    await begin('stateful', settings);
    const cold = await database.during(() => each(grants, me));
    const asked = await commands();
    const warm = await database.during(() => each(times(WARM), (i) => me(grants[i % grants.length] as Grant)));
    const askedWarm = (await commands()) - asked;
    report({
      proof: 'query-counts',
      promise: 'With sessions read through Redis, a token that another process has read costs no statement',
      setting: 'stateful',
      figures: { tokens: LOGINS, statements: cold.requests, statements_known: warm.requests, redis_known: askedWarm },
    });
    expect([first.requests, cold.requests, warm.requests, askedWarm]).toEqual([LOGINS, 0, 0, 0]);
  }, 60_000);

  /** GET and SET that Redis has seen. */
  async function commands(): Promise<number> {
    const stats = await redis.command('INFO', 'commandstats');
    return [...stats.matchAll(/^cmdstat_(?:get|set):calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
  }
});

async function costsOfRefusals(grant: Grant): Promise<Record<string, number>> {
  const unknown = (use: OpaqueTokenUse) => formatOpaqueToken(use, { sessionId: randomUUID(), secret: newSecret() });
  const costs: Record<string, number> = {};
  const count = async (name: string, refused: () => Promise<Answer>): Promise<void> => {
    const { requests } = await database.during(() => expecting(401, refused()));
    costs[name] = Math.max(costs[name] ?? 0, requests);
  };
  await count('malformed', () => client.me('lk_at_0'));
  await count('malformed', () => client.refresh('lk_rt_0'));
  await count('malformed', () => client.me('no token at all'.replaceAll(' ', '-')));
  await count('wrong_checksum', () => client.me(altered(unknown('access'))));
  await count('wrong_checksum', () => client.refresh(altered(unknown('refresh'))));
  await count('other_use', () => client.me(grant.refresh_token));
  await count('other_use', () => client.refresh(grant.access_token));
  await count('forged_jwt', () => client.me(FORGED));
  await count('forged_jwt', () => client.refresh(FORGED));
  await count('unknown_opaque', () => client.me(unknown('access')));
  await count('unknown_opaque', () => client.refresh(unknown('refresh')));
  return costs;
}

const FORGED = ['{"alg":"HS256","typ":"at+jwt","kid":"unknown"}', '{"sub":"1"}', 'a signature']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');

/** The same token with another last character, as a slip of the pen would leave it. */
function altered(token: string): string {
  return token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');
}
