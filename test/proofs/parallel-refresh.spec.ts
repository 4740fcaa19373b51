import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Client } from 'pg';
import { report } from '../support/figures';
import { proofSize } from '../support/proof-size';
import {
  expecting,
  identityOf,
  kindOf,
  registerPeople,
  ServiceClient,
  sessionIdOf,
  type Answer,
  type Grant,
  type Person,
} from '../support/service-client';
import { startService, type Profile, type ServiceProcess } from '../support/service-process';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { until } from '../support/until';

const ROUNDS = proofSize({ reduced: 15, full: 100 });
const AT_ONCE = 16;
const CUT = proofSize({ reduced: 40, full: 1_000 });
const WITH_STATE: readonly Profile[] = ['stateful', 'tracked', 'denylist'];
const PAIRS: readonly (readonly [Profile, Profile])[] = [
  ['stateful', 'stateful'],
  ['tracked', 'tracked'],
  ['denylist', 'denylist'],
  ['stateful', 'tracked'],
  ['stateful', 'denylist'],
  ['tracked', 'denylist'],
];

let database: TestDatabase;
let person: Person;
const running: ServiceProcess[] = [];
const clients = new Map<Profile, readonly [ServiceClient, ServiceClient]>();

async function start(profile: Profile): Promise<ServiceProcess> {
  const service = await startService({ databaseUrl: database.url, profile });
  running.push(service);
  return service;
}

/** A process of each profile; two of the same profile are two processes. */
function pair([one, other]: readonly [Profile, Profile]): [ServiceClient, ServiceClient] {
  return [clients.get(one)![0], clients.get(other)![1]];
}

beforeAll(async () => {
  database = await createTestDatabase();
  for (const profile of WITH_STATE) {
    const [one, other] = await Promise.all([start(profile), start(profile)]);
    clients.set(profile, [new ServiceClient(one.url), new ServiceClient(other.url)]);
  }
  [person] = (await registerPeople(pair(PAIRS[0]!)[0], 1)) as [Person];
}, 60_000);

afterAll(async () => {
  for (const both of clients.values()) both.forEach((client) => client.close());
  await Promise.all(running.map((service) => service.stop()));
  await database.drop();
}, 30_000);

describe('one refresh token presented 16 times at once to two processes', () => {
  it.each(PAIRS)(
    'has exactly one successor: %s and %s',
    async (...profiles) => {
      const [one, other] = pair(profiles);
      const kinds: Record<string, number> = {};
      const statuses: Record<string, number> = {};
      for (let round = 0; round < ROUNDS; round++) {
        const first = await expecting(200, one.login(person));
        const answers = await Promise.all(
          Array.from({ length: AT_ONCE }, (_, i) => [one, other][i % 2]!.refresh(first.refresh_token)),
        );
        for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
        const successor = onlyGrantOf(answers);
        kinds[kindOf(successor)] = (kinds[kindOf(successor)] ?? 0) + 1;
        expect(sessionIdOf(successor)).toBe(sessionIdOf(first));
        await expectLifeOf(successor, first, profiles);
      }
      report({
        proof: 'parallel-refresh',
        promise: 'Sixteen parallel refreshes of one token over two processes give one successor',
        setting: profiles.join(' + '),
        figures: { rounds: ROUNDS, presented_at_once: AT_ONCE, statuses, successors: kinds },
      });
      expect(statuses).toEqual({ 200: ROUNDS * AT_ONCE });
    },
    120_000,
  );
});

/** The one grant that all of them hold. */
function onlyGrantOf(answers: readonly Answer<Grant>[]): Grant {
  expect(answers.map(({ status, code }) => code ?? status)).toEqual(answers.map(() => 200));
  expect(new Set(answers.map(({ body }) => identityOf(body))).size).toBe(1);
  return answers[0]!.body;
}

/** The successor works, its own successor too, and then the parent ends the login. */
async function expectLifeOf(successor: Grant, parent: Grant, profiles: readonly [Profile, Profile]): Promise<void> {
  const [one, other] = pair(profiles);
  await expecting(200, one.me(successor.access_token));
  await expecting(200, other.me(successor.access_token));
  const next = await expecting(200, other.refresh(successor.refresh_token));
  expect(await one.refresh(parent.refresh_token)).toMatchObject({ status: 401, code: 'refresh_token_reused' });
  expect(await other.refresh(next.refresh_token)).toMatchObject({ status: 401, code: 'invalid_grant' });
  expect(await one.me(next.access_token)).toMatchObject({ status: 401, code: 'token_revoked' });
}

describe('a client that lost the answer to a refresh', () => {
  it.each(WITH_STATE)(
    'gets it by asking again: %s',
    async (profile) => {
      const [one] = clients.get(profile)!;
      const service = running.find(({ url }) => url === one.url)!;
      const count = (event: string) => service.logged(event).length;
      const before = { answered: count('login_refreshed'), replayed: count('refresh_replayed') };
      const kept: Grant[] = [];
      for (let i = 0; i < CUT; i++) {
        const first = await expecting(200, one.login(person));
        await sendAndHangUp(service.port, first.refresh_token);
        kept.push(await expecting(200, one.refresh(first.refresh_token)));
      }
      // A first attempt that were decided after its successor was used would be reuse.
      await until('both attempts at each were decided', () => count('login_refreshed') === before.answered + 2 * CUT);
      for (const grant of kept) {
        await expecting(200, one.me(grant.access_token));
        await expecting(200, one.refresh(grant.refresh_token));
      }
      const replayed = count('refresh_replayed') - before.replayed;
      report({
        proof: 'parallel-refresh',
        promise: 'A refresh whose answer was lost succeeds when it is repeated',
        setting: profile,
        figures: { cut_connections: CUT, succeeded: kept.length, same_answer_twice: replayed },
      });
      expect(replayed).toBe(CUT);
    },
    60_000,
  );
});

/** Sends the whole request and closes the connection without reading a byte of the answer. */
async function sendAndHangUp(port: number, refreshToken: string): Promise<void> {
  const body = JSON.stringify({ refresh_token: refreshToken });
  const head = `POST /auth/refresh HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`;
  const socket: Socket = connect(port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  await new Promise((sent) => socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`, sent));
  socket.destroy();
}

describe('a process killed between deciding a refresh and carrying it out', () => {
  it.each(['stateful', 'tracked'] as const)(
    'loses no login, not even after the window: %s',
    async (profile) => {
      const [before, after] = clients.get(profile)!;
      const victim = running.find(({ url }) => url === before.url)!;
      const first = await expecting(200, before.login(person));
      await withClient(database.url, async (client) => {
        await killInBetween(client, victim, before, first);
        await age(client, first);
      });
      const second = await expecting(200, after.refresh(first.refresh_token));
      expect(sessionIdOf(second)).toBe(sessionIdOf(first));
      const again = await expecting(200, after.refresh(first.refresh_token));
      expect(again.refresh_token).toBe(second.refresh_token);
      await expecting(200, after.me(second.access_token));
      await expecting(200, after.refresh(second.refresh_token));
      report({
        proof: 'parallel-refresh',
        promise: 'A process killed between deciding a refresh and carrying it out loses no login',
        setting: profile,
        figures: { killed: 1, lost: 0 },
      });
    },
    30_000,
  );
});

/** Holds the row so that carrying on must wait, kills the process while it does, and lets the statement die with it. */
async function killInBetween(
  locker: Client,
  victim: ServiceProcess,
  client: ServiceClient,
  login: Grant,
): Promise<void> {
  await locker.query('BEGIN');
  await locker.query('SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE', [sessionIdOf(login)]);
  const unanswered = client.refresh(login.refresh_token).then(
    ({ status }) => status,
    () => 'no answer',
  );
  const WAITING = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await until('the process waits for the row', async () => (await locker.query(WAITING)).rowCount === 1);
  await victim.kill();
  await locker.query(`SELECT pg_terminate_backend(pid) FROM (${WAITING}) waiting`);
  await locker.query('ROLLBACK');
  expect(await unanswered).toBe('no answer');
}

/** Lets the decision about this login's token look a minute old: the reuse window is over. */
async function age(client: Client, login: Grant): Promise<void> {
  const aged = await client.query(
    `UPDATE consumed_refresh_tokens SET consumed_at = consumed_at - interval '1 minute' WHERE session_id = $1`,
    [sessionIdOf(login)],
  );
  expect(aged.rowCount).toBe(1);
}
