import { rm } from 'node:fs/promises';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { report } from '../support/figures';
import { serverProcesses } from '../support/process-table';
import { expecting, registerPeople, ServiceClient, type Person } from '../support/service-client';
import { startService, type ServiceProcess } from '../support/service-process';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { temporaryFolder } from '../support/test-server';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

const IN_FLIGHT = 4;
const REQUESTS_PER_SECOND = 50;
/** `server.shutdown_timeout`, and what closing the rest may take. */
const GRACE = 10_000;
const AND_THEN = 2_000;

const tell = (promise: string, figures: Record<string, number | string | Record<string, number>>): void =>
  report({ proof: 'shutdown', promise, figures });

/** A request on a connection of its own: its status, or why there was none. */
function ask(service: ServiceProcess, url: string, token?: string): Promise<string> {
  return new Promise((resolve) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const sent = request(service.url + url, { agent: false, headers, timeout: 5_000 }, (response) => {
      response.on('error', () => resolve('broken off')).on('end', () => resolve(String(response.statusCode)));
      response.resume();
    });
    sent.on('timeout', () => sent.destroy(Object.assign(new Error(), { code: 'no answer' })));
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}

/** Says that a body follows, and lets the service wait for it. */
async function neverEndingRequest({ port }: ServiceProcess): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  const head = 'POST /auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
  await new Promise((sent) => socket.write(`${head}content-length: 100\r\n\r\n{`, sent));
  return socket;
}

describe('SIGTERM under load', () => {
  let database: TestDatabase;
  let service: ServiceProcess;
  let client: ServiceClient;
  let people: Person[];

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      databaseUrl: database.url,
      settings: { LATCHKEY__AUTH__PASSWORD__BCRYPT_COST: '12' },
    });
    client = new ServiceClient(service.url);
    people = await registerPeople(client, IN_FLIGHT);
  }, 60_000);

  afterAll(async () => {
    client.close();
    await service.stop();
    await database.drop();
  }, 30_000);

  it('takes no new work at once, finishes what it has begun, and ends with 0 in time', async () => {
    const { access_token } = await expecting(200, client.login(people[0] as Person));
    const outcomes: Record<string, number> = {};
    const count = (outcome: string): void => void (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1);
    let sent = 0;
    const load = setInterval(() => {
      const onNewConnection = sent++ % 2 === 0;
      const answer = onNewConnection
        ? ask(service, '/auth/me', access_token)
        : client.me(access_token).then(({ status }) => String(status));
      answer.then(count, (error: NodeJS.ErrnoException) => count(error.code ?? error.message));
    }, 1_000 / REQUESTS_PER_SECOND);
    try {
      await until('the load is on', () => (outcomes['200'] ?? 0) > 20);
      const logins = people.map((person) => client.login(person));
      await until('the logins are hashing', async () => (await pending(database)) === IN_FLIGHT);

      const begun = performance.now();
      process.kill(service.pid, 'SIGTERM');
      let refusedBy = '200';
      await until('it is not ready', async () => (refusedBy = await ask(service, '/health/ready')) !== '200');
      const notReadyAfter = performance.now() - begun;
      const finished = await Promise.all(logins.map((login) => expecting(200, login)));
      const answeredAfter = performance.now() - begun;
      const code = await service.exited;
      const took = performance.now() - begun;

      tell('SIGTERM under load: open requests are answered and the process ends with 0', {
        requests_per_second: REQUESTS_PER_SECOND,
        logins_in_flight: IN_FLIGHT,
        of_these_answered_with_200: finished.length,
        not_ready_after_ms: Math.round(notReadyAfter),
        not_ready_by: refusedBy,
        all_answered_after_ms: Math.round(answeredAfter),
        exit_code: String(code),
        ended_after_ms: Math.round(took),
        outcomes_of_the_load: outcomes,
      });
      expect(code).toBe(0);
      expect(took).toBeLessThan(timeLimit(GRACE + AND_THEN));
      expect(notReadyAfter).toBeLessThan(timeLimit(1_000));
      expect(['503', 'ECONNREFUSED', 'ECONNRESET']).toContain(refusedBy);
      expect(Object.keys(outcomes).filter((outcome) => !HARMLESS.has(outcome))).toEqual([]);
    } finally {
      clearInterval(load);
    }
  }, 30_000);
});

/** Answered, turned away, or closed between two requests: nothing was begun and not finished. */
const HARMLESS = new Set(['200', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE']);

async function pending({ url }: TestDatabase): Promise<number> {
  const sum = 'SELECT coalesce(sum(cardinality(pending)), 0)::integer AS count FROM login_attempts';
  const { rows } = await withClient(url, (client) => client.query<{ count: number }>(sum));
  return rows[0]?.count ?? 0;
}

describe('a request that never ends', () => {
  it('is cut when the time is over', async () => {
    const database = await createTestDatabase();
    const settings = { LATCHKEY__SERVER__SHUTDOWN_TIMEOUT: '1s' };
    const service = await startService({ databaseUrl: database.url, settings });
    const socket = await neverEndingRequest(service);
    await until('the request has arrived', async () => (await ask(service, '/health/live')) === '200');
    const begun = performance.now();
    expect(await service.stop()).toBe(0);
    const took = performance.now() - begun;
    socket.destroy();
    await database.drop();
    tell('A request that does not end holds a stop up for no longer than server.shutdown_timeout', {
      shutdown_timeout_ms: 1_000,
      ended_after_ms: Math.round(took),
    });
    expect(took).toBeGreaterThan(900);
    expect(took).toBeLessThan(timeLimit(1_000 + AND_THEN));
  }, 30_000);
});

describe('the embedded PostgreSQL', () => {
  let folder: string;
  const postgres = (): string => path.join(folder, 'postgres');
  const start = () => startService({ databaseUrl: '', settings: { LATCHKEY_DATA_DIR: folder } });

  beforeAll(async () => {
    folder = await temporaryFolder();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('ends with the service', async () => {
    const service = await start();
    expect(serverProcesses(postgres()).length).toBeGreaterThan(5);
    expect(await service.stop()).toBe(0);
    expect(serverProcesses(postgres())).toEqual([]);
  }, 40_000);

  it('ends too when a second SIGTERM ends the service at once', async () => {
    const service = await start();
    const socket = await neverEndingRequest(service);
    await until('the request has arrived', async () => (await ask(service, '/health/live')) === '200');
    process.kill(service.pid, 'SIGTERM');
    await until('it is stopping', () => service.logged('stopping').length > 0);
    const begun = performance.now();
    process.kill(service.pid, 'SIGTERM');
    expect(await service.exited).toBe(143);
    const took = performance.now() - begun;
    socket.destroy();
    await until('no server is left', () => serverProcesses(postgres()).length === 0);
    tell('A second SIGTERM ends the process at once, and its PostgreSQL with it', { ended_after_ms: Math.round(took) });
    expect(took).toBeLessThan(timeLimit(1_000));
  }, 40_000);
});

describe('a database that is down at the start', () => {
  it('ends the service with an error that says so in one line and names no password', async () => {
    const port = await closedPort();
    const begun = performance.now();
    const failure = startService({ databaseUrl: `postgres://keeper:a-secret-word@127.0.0.1:${port}/latchkey` });
    const { message } = await failure.then(
      () => new Error('It started'),
      (error: Error) => error,
    );
    const took = performance.now() - begun;
    const [head, ...lines] = message.split('\n');
    expect(head).toMatch(/^The service ended with [1-9]\d* before it listened/);
    const plain = lines.filter((line) => !line.startsWith('{'));
    expect(plain).toEqual([
      expect.stringMatching(new RegExp(`PostgreSQL at 127\\.0\\.0\\.1:${port}/latchkey cannot be reached`)),
    ]);
    expect(message).not.toContain('a-secret-word');
    tell('A database that is down at the start ends the service with one clear line', {
      given_up_after_ms: Math.round(took),
    });
    expect(took).toBeGreaterThan(5_000);
    expect(took).toBeLessThan(timeLimit(20_000));
  }, 30_000);
});

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
