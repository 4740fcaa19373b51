import { rm } from 'node:fs/promises';
import path from 'node:path';
import { findPostmaster } from '../../src/database/embedded/postmaster';
import { socketUrl } from '../../src/database/socket-url';
import { report } from '../support/figures';
import { killProcesses, serverProcesses } from '../support/process-table';
import { proofSize } from '../support/proof-size';
import {
  expecting,
  identityOf,
  registerPeople,
  ServiceClient,
  type Grant,
  type Person,
} from '../support/service-client';
import { startService, type Profile, type ServiceProcess } from '../support/service-process';
import { withClient } from '../support/test-database';
import { temporaryFolder } from '../support/test-server';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

const KILLS = proofSize({ reduced: 3, full: 10 });
const LOGINS_PER_SECOND = 50;
const AT_A_TIME = 10;
/** In mid-load: so many logins are answered before each kill. */
const ANSWERED = proofSize({ reduced: 50, full: 150 });
const READY_WITHIN = 5_000;
/** On a machine that is busy with other things: no more than this many times what a start in order takes there. */
const OF_A_START_IN_ORDER = 3;
/** Each start issues another kind of token; what was issued before must go on working. */
const PROFILES: readonly Profile[] = ['stateful', 'denylist', 'tracked'];

/** What the service has answered with 200, and what it was asked and did not answer. */
class Ledger {
  living: Grant[] = [];
  readonly revoked: Grant[] = [];
  /** Refreshed, but the answer was lost with the process. */
  unanswered: Grant[] = [];
  acknowledged = 0;
  lost = 0;
  repeated = 0;
}

let folder: string;
let service: ServiceProcess;
let client: ServiceClient;
let people: readonly Person[];
const ledger = new Ledger();
let readyInOrder: number;
const readyIn: number[] = [];

const postgres = (): string => path.join(folder, 'postgres');

async function start(profile: Profile): Promise<void> {
  service = await startService({
    databaseUrl: '',
    profile,
    settings: { LATCHKEY_DATA_DIR: folder, LATCHKEY__AUTH__SESSION__MAX_LOGIN_ATTEMPTS: '100' },
  });
  client = new ServiceClient(service.url);
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await start('stateful');
  people = await registerPeople(client, 10);
  client.close();
  await service.stop();
  readyInOrder = await restart('stateful');
}, 60_000);

afterAll(async () => {
  client.close();
  await service.stop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

describe(`${KILLS} times kill -9 of the service and its whole PostgreSQL under ${LOGINS_PER_SECOND} logins per second`, () => {
  it.each(Array.from({ length: KILLS }, (_, i) => i + 1))(
    'keeps every promise that it made: kill %i',
    async (kill) => {
      await underLoad(() => crash());
      readyIn.push(await restart(PROFILES[kill % PROFILES.length] as Profile));
      await expectKept();
    },
    60_000,
  );

  it('has decided every refresh once, and left no session without its user', async () => {
    const { socketDir, port } = findPostmaster(postgres())!;
    const url = socketUrl({ host: socketDir, port, user: 'postgres', database: 'postgres' });
    const { rows } = await withClient(url, (admin) => admin.query<{ doubled: number; orphaned: number }>(LEFT_BEHIND));
    report({
      proof: 'crash',
      promise: 'What was answered with 200 survives kill -9 of the service and of every process of its PostgreSQL',
      figures: {
        kills: KILLS,
        logins_per_second: LOGINS_PER_SECOND,
        acknowledged: ledger.acknowledged,
        acknowledged_and_lost: ledger.lost,
        revoked_and_still_revoked: ledger.revoked.length,
        refreshes_without_an_answer_that_succeeded_again: ledger.repeated,
        successors_doubled: rows[0]!.doubled,
        ready_again_at_the_latest_after_ms: Math.round(Math.max(...readyIn)),
        ready_after_a_stop_in_order_ms: Math.round(readyInOrder),
      },
    });
    expect(rows).toEqual([{ doubled: 0, orphaned: 0 }]);
    expect(ledger.acknowledged).toBeGreaterThanOrEqual(KILLS * ANSWERED);
    expect(ledger.revoked.length).toBeGreaterThan(0);
  });

  it('is ready again in 5 seconds', () => {
    expect(Math.max(...readyIn)).toBeLessThan(timeLimit(Math.max(READY_WITHIN, OF_A_START_IN_ORDER * readyInOrder)));
  });
});

const LEFT_BEHIND = `
  SELECT (SELECT count(*) - count(DISTINCT successor_hash) FROM consumed_refresh_tokens)::integer AS doubled,
         (SELECT count(*) FROM sessions s LEFT JOIN users u ON u.id = s.user_id WHERE u.id IS NULL)::integer AS orphaned`;

/** Logins at a steady rate, some of them refreshed and some logged out at once, until enough are answered. */
async function underLoad(disaster: () => Promise<void>): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const before = ledger.acknowledged;
  let sent = 0;
  const timer = setInterval(() => {
    const user = visit(sent++).finally(() => inFlight.delete(user));
    inFlight.add(user);
  }, 1_000 / LOGINS_PER_SECOND);
  try {
    await until('enough logins are answered, and some are not yet', () => {
      return ledger.acknowledged - before >= ANSWERED && inFlight.size > 0;
    });
    await disaster();
  } finally {
    clearInterval(timer);
  }
  await Promise.all(inFlight);
}

async function visit(number: number): Promise<void> {
  const login = await answered(client.login(people[number % people.length] as Person));
  if (!login) return;
  ledger.acknowledged += 1;
  if (number % 4 === 1) await refresh(login);
  else if (number % 8 === 2) await logout(login);
  else ledger.living.push(login);
}

async function refresh(login: Grant): Promise<void> {
  const successor = await answered(client.refresh(login.refresh_token));
  if (successor) ledger.living.push(successor);
  else ledger.unanswered.push(login);
}

/** Without an answer nothing was promised either way. */
async function logout(login: Grant): Promise<void> {
  if (await answered(client.logout(login.access_token))) ledger.revoked.push(login);
}

/** The body of a 200; null when the connection broke or the database was gone before the process. */
async function answered<Body>(answer: Promise<{ status: number; body: Body }>): Promise<Body | null> {
  const { status, body } = await answer.catch(() => ({ status: 0, body: null }));
  expect([0, 200, 503]).toContain(status);
  return status === 200 ? body : null;
}

async function crash(): Promise<void> {
  const server = serverProcesses(postgres());
  expect(server.length).toBeGreaterThan(5);
  killProcesses([{ pid: service.pid }, ...server]);
  await service.kill();
  client.close();
  await until('the whole server is dead', () => serverProcesses(postgres()).length === 0);
}

/** Milliseconds until it is ready. */
async function restart(profile: Profile): Promise<number> {
  const begun = performance.now();
  await start(profile);
  await until('the service is ready', async () => (await client.call('GET', '/health/ready')).status === 200);
  return performance.now() - begun;
}

async function expectKept(): Promise<void> {
  const repeated: Grant[] = [];
  for (const login of ledger.unanswered) repeated.push(await successorOf(login));
  ledger.unanswered = [];
  ledger.repeated += repeated.length;
  for (const { access_token, refresh_token } of ledger.revoked) {
    expect((await client.me(access_token)).status).toBe(401);
    expect((await client.refresh(refresh_token)).status).toBe(401);
  }
  const recognised = await each(ledger.living, ({ access_token }) => client.me(access_token));
  ledger.lost += recognised.filter(({ status }) => status !== 200).length;
  const carriedOn = await each(ledger.living, ({ refresh_token }) => client.refresh(refresh_token));
  ledger.lost += carriedOn.filter(({ status }) => status !== 200).length;
  expect(ledger.lost).toBe(0);
  ledger.living = [...carriedOn.map(({ body }) => body), ...repeated];
  expect(new Set(ledger.living.map(identityOf)).size).toBe(ledger.living.length);
}

async function each<R>(grants: readonly Grant[], ask: (grant: Grant) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let i = 0; i < grants.length; i += AT_A_TIME) {
    answers.push(...(await Promise.all(grants.slice(i, i + AT_A_TIME).map(ask))));
  }
  return answers;
}

/** Whoever lost the answer asks again, twice, and gets one successor. */
async function successorOf(login: Grant): Promise<Grant> {
  const [one, other] = await Promise.all([
    expecting(200, client.refresh(login.refresh_token)),
    expecting(200, client.refresh(login.refresh_token)),
  ]);
  expect(identityOf(one)).toBe(identityOf(other));
  await expecting(200, client.me(one.access_token));
  return one;
}
