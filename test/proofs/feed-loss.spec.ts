import { setTimeout as pause } from 'node:timers/promises';
import { report } from '../support/figures';
import { proofSize } from '../support/proof-size';
import {
  expecting,
  registerPeople,
  ServiceClient,
  sessionIdOf,
  type Grant,
  type Person,
} from '../support/service-client';
import { startService, type Profile, type ServiceProcess, type Settings } from '../support/service-process';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

/** How long the loss goes on once every process has noticed it. Milliseconds. */
const GOES_ON = proofSize({ reduced: 2_000, full: 10_000 });
/** A feed that was not read for so long counts as lost. Milliseconds. */
const FRESH_FOR = 3_000;
const MAX_STALENESS = 5_000;
/** The last good poll was at most so long before the cut, also on a busy machine. Milliseconds. */
const POLL_INTERVAL = 2_000;
const BETWEEN_ROUNDS = 15;
const RECOVERED_WITHIN = 5_000;

interface Circumstance {
  readonly name: string;
  readonly profile: Profile;
  readonly settings: Settings;
  /** Age of the feed up to which it goes on to serve; null when it never asks the feed. */
  readonly servesFor: number | null;
}

const BOUNDED: Settings = {
  LATCHKEY__AUTH__FEED__ON_LOSS: 'bounded_staleness',
  LATCHKEY__AUTH__FEED__MAX_STALENESS: `${MAX_STALENESS}ms`,
};
const CLOSED: Settings = { LATCHKEY__AUTH__FEED__ON_LOSS: 'fail_closed' };

const CIRCUMSTANCES: readonly Circumstance[] = [
  { name: 'stateful', profile: 'stateful', settings: BOUNDED, servesFor: FRESH_FOR },
  { name: 'denylist, bounded_staleness 5 s', profile: 'denylist', settings: BOUNDED, servesFor: MAX_STALENESS },
  { name: 'denylist, fail_closed', profile: 'denylist', settings: CLOSED, servesFor: FRESH_FOR },
  { name: 'revocation none', profile: 'none', settings: CLOSED, servesFor: null },
];

/** `alive` goes on, `early` is ended right after the cut, `late` once the loss was noticed. */
const LOGINS = ['alive', 'early', 'late'] as const;
type Login = (typeof LOGINS)[number];

interface Seen {
  readonly login: Login;
  readonly status: number;
  readonly asked: number;
  /** When the answer came. */
  readonly at: number;
}

interface Observed {
  readonly of: Circumstance;
  readonly service: ServiceProcess;
  readonly client: ServiceClient;
  readonly grants: Record<Login, Grant>;
  readonly seen: Seen[];
}

let database: TestDatabase;
let proxy: TcpProxy;
let connected: ServiceProcess;
let here: ServiceClient;
let observed: Observed[];
let cutAt: number;
let restoredAt: number;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  connected = await startService({ databaseUrl: database.url, profile: 'denylist' });
  here = new ServiceClient(connected.url);
  const [person] = (await registerPeople(here, 1)) as [Person];
  observed = await Promise.all(CIRCUMSTANCES.map((of) => prepare(of, person)));
  await runThroughALoss();
}, 120_000);

afterAll(async () => {
  [here, ...observed.map(({ client }) => client)].forEach((client) => client.close());
  await Promise.all([connected, ...observed.map(({ service }) => service)].map((service) => service.stop()));
  await proxy.close();
  await database.drop();
}, 30_000);

async function prepare(of: Circumstance, person: Person): Promise<Observed> {
  const service = await startService({ databaseUrl: proxy.url, profile: of.profile, settings: of.settings });
  const client = new ServiceClient(service.url);
  const grants = {} as Record<Login, Grant>;
  for (const login of LOGINS) {
    grants[login] = await expecting(200, client.login(person));
    await expecting(200, client.me(grants[login].access_token));
  }
  return { of, service, client, grants, seen: [] };
}

async function runThroughALoss(): Promise<void> {
  let over = false;
  const watching = Promise.all(observed.map((one) => watch(one, () => over)));
  cutAt = performance.now();
  proxy.cut();
  await endEverywhere('early');
  await until('the loss is noticed', () => asking().every((one) => latest(one).every(({ status }) => status === 503)));
  await endEverywhere('late');
  await expectNotReady();
  const goesOnUntil = performance.now() + GOES_ON;
  await until('the loss goes on', () => performance.now() > goesOnUntil, { within: 2 * GOES_ON });
  restoredAt = performance.now();
  proxy.restore();
  await until('everyone has recovered', () => observed.every((one) => recoveryOf(one) !== undefined));
  await until('everyone is ready', allReady, { within: timeLimit(RECOVERED_WITHIN) });
  over = true;
  await watching;
}

async function allReady(): Promise<boolean> {
  const answers = await Promise.all(observed.map(({ client }) => client.call('GET', '/health/ready')));
  return answers.every(({ status }) => status === 200);
}

/** Those that ask the feed. */
function asking(): Observed[] {
  return observed.filter(({ of }) => of.servesFor !== null);
}

async function watch({ client, grants, seen }: Observed, over: () => boolean): Promise<void> {
  while (!over()) {
    for (const login of LOGINS) {
      const asked = performance.now();
      const { status } = await client.me(grants[login].access_token);
      seen.push({ login, status, asked, at: performance.now() });
    }
    await pause(BETWEEN_ROUNDS);
  }
}

function latest({ seen }: Observed): Seen[] {
  return seen.slice(-LOGINS.length);
}

async function endEverywhere(login: Login): Promise<void> {
  const { access_token } = observed[1]!.grants.alive;
  for (const { grants } of observed) await expecting(204, here.revoke(access_token, sessionIdOf(grants[login])));
}

/** While the loss lasts, whoever needs the database says so, and consumes nothing. */
async function expectNotReady(): Promise<void> {
  for (const { client, grants } of observed) {
    expect(await client.call('GET', '/health/ready')).toMatchObject({ status: 503 });
    expect(await client.refresh(grants.alive.refresh_token)).toMatchObject({ status: 503, code: 'unavailable' });
  }
}

/** Milliseconds from the restored way until the first right answers to all logins; undefined before. */
function recoveryOf({ of, seen }: Observed): number | undefined {
  const right = (login: Login) => (login === 'alive' || of.servesFor === null ? 200 : 401);
  const firsts = LOGINS.map((login) => {
    return seen.find((one) => one.login === login && one.at > restoredAt && one.status === right(login))?.at;
  });
  return firsts.includes(undefined) ? undefined : Math.max(...(firsts as number[])) - restoredAt;
}

function count(seen: readonly Seen[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { login, status } of seen) {
    const name = `${login} ${status}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe.each(CIRCUMSTANCES.map(({ name }, i) => [name, i] as const))('a process that lost the feed: %s', (name, i) => {
  const during = (): Seen[] => observed[i]!.seen.filter(({ at }) => at <= restoredAt);
  const afterwards = (): Seen[] => observed[i]!.seen.filter(({ at }) => at > restoredAt);
  const servesFor = CIRCUMSTANCES[i]!.servesFor;

  it('never takes its ignorance for a bad token', () => {
    expect(during().filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
  });

  it('serves from memory as long as it may, and then refuses until the feed is back', () => {
    const first503 = during().find(({ status }) => status === 503)?.at;
    if (servesFor === null) return void expect(first503).toBeUndefined();
    expect(first503! - cutAt).toBeGreaterThan(servesFor - POLL_INTERVAL);
    expect(during().filter(({ status, asked }) => status === 200 && asked > cutAt + servesFor)).toEqual([]);
    expect(during().filter(({ status, asked }) => status === 200 && asked > first503!)).toEqual([]);
  });

  it('recovers by itself within five seconds, and knows what was ended meanwhile', async () => {
    const { client, grants, seen } = observed[i]!;
    expect(recoveryOf(observed[i]!)).toBeLessThan(timeLimit(RECOVERED_WITHIN));
    expect(afterwards().filter(({ login, status }) => login === 'alive' && status === 401)).toEqual([]);
    const served =
      servesFor === null ? [] : afterwards().filter(({ login, status }) => login !== 'alive' && status === 200);
    expect(served).toEqual([]);
    await expecting(200, client.refresh(grants.alive.refresh_token));
    const first503 = seen.find(({ status }) => status === 503)?.at ?? Infinity;
    report({
      proof: 'feed-loss',
      promise: 'A process that cannot read revocations obeys the policy, refuses nobody wrongly and recovers by itself',
      setting: name,
      figures: {
        ...(first503 < Infinity && { refuses_after_ms: Math.round(first503 - cutAt) }),
        answers_before: count(during().filter(({ at }) => at < first503)),
        answers_while_lost: count(during().filter(({ at }) => at >= first503)),
        answers_once_restored: count(afterwards()),
        recovered_after_ms: Math.round(recoveryOf(observed[i]!) ?? NaN),
      },
    });
  });
});
