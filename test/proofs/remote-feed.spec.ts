import { Writable } from 'node:stream';
import path from 'node:path';
import { Readable } from 'node:stream';
import { runProgram } from '../../src/cli/program';
import { EventStream } from '../support/event-stream';
import { report, spread } from '../support/figures';
import { HttpClient } from '../support/http-client';
import { OAuthCaller, type FeedPart } from '../support/oauth-caller';
import { proofSize } from '../support/proof-size';
import { expecting, registerPeople, ServiceClient, sessionIdOf, type Person } from '../support/service-client';
import { PROFILE, startService, type Profile, type ServiceProcess } from '../support/service-process';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

const RUNS = proofSize({ reduced: 40, full: 200 });
const ROOT = path.resolve(__dirname, '../..');

let database: TestDatabase;
let processes: ServiceProcess[];
let person: Person;

/** A command on the services' database, as an operator beside them gives it. */
async function latchkey(line: string, profile: Profile): Promise<Record<string, never>> {
  let text = '';
  const stdout = new Writable({ write: (chunk, _, done) => ((text += String(chunk)), done()) });
  const terminal = { stdin: Readable.from([]), stdout, stderr: stdout };
  const env = {
    NODE_ENV: 'development',
    DATABASE_URL: database.url,
    LATCHKEY_SECRET: 'a root key for tests, longer than thirty-two bytes',
    ...PROFILE[profile],
  };
  const code = await runProgram([...line.split(' '), '--json'], { terminal, env, cwd: ROOT });
  if (code !== 0) throw new Error(text);
  return JSON.parse(text) as Record<string, never>;
}

describe.each(['stateful', 'tracked', 'denylist'] as const)('a login that is ended on one process: %s', (profile) => {
  let caller: OAuthCaller;
  let client: ServiceClient;

  beforeAll(async () => {
    database = await createTestDatabase();
    const start = () => startService({ databaseUrl: database.url, profile });
    processes = [await start(), await start()];
    client = new ServiceClient(processes[0]!.url);
    [person] = (await registerPeople(client, 1)) as [Person];
    const made = await latchkey('clients create orders --tenant default --audience latchkey-api', profile);
    const { client: facts, client_secret: secret } = made as unknown as {
      client: { id: string };
      client_secret: string;
    };
    caller = new OAuthCaller(new HttpClient(processes[1]!.url), facts.id, secret);
  }, 60_000);

  afterAll(async () => {
    client.close();
    await Promise.all(processes.map((each) => each.stop()));
    await database.drop();
  }, 30_000);

  it('is told on the stream of another within a second, and inactive there', async () => {
    const stream = await EventStream.open(processes[1]!.url, caller.basic);
    await stream.until('it beats', (s) => s.named('heartbeat').length > 0);
    const delays: number[] = [];
    for (let i = 0; i < RUNS; i += 1) {
      const grant = await expecting(200, client.login(person));
      expect((await caller.introspect(grant.access_token)).body.active).toBe(true);
      const begun = performance.now();
      await expecting(200, client.logout(grant.access_token));
      const sid = sessionIdOf(grant);
      const told = () =>
        stream.named('revocations').find(({ data }) => (data as FeedPart).revocations.some((each) => each.sid === sid));
      await until('the stream tells it', () => told() !== undefined, { every: 2 });
      delays.push(told()!.at - begun);
      expect((await caller.introspect(grant.access_token)).text).toBe('{"active":false}');
    }
    expect(stream.ended).toBe(false);
    stream.close();
    const figures = spread(delays);
    report({
      proof: 'remote-feed',
      promise: 'A logout is on the revocation stream of another process within a second',
      setting: profile,
      figures: { runs: RUNS, ...figures },
    });
    expect(figures.p99_ms).toBeLessThan(timeLimit(1_000));
  }, 120_000);

  it('ends with the client, which a command disables: stream, secret and token, on every process', async () => {
    const stream = await EventStream.open(processes[1]!.url, caller.basic);
    await stream.until('it beats', (s) => s.named('heartbeat').length > 0);
    const { access_token: token } = (await caller.token()).body;
    for (const { url } of processes) expect((await new HttpClient(url).get('/auth/me', { token })).status).toBe(200);
    await latchkey('clients disable orders', profile);
    const begun = performance.now();
    await stream.until('the stream ends', (s) => s.ended);
    expect(performance.now() - begun).toBeLessThan(timeLimit(1_500));
    for (const { url } of processes) {
      await until(
        'the token is refused',
        async () => (await new HttpClient(url).get('/auth/me', { token })).status === 401,
      );
    }
    expect((await caller.introspect(token)).code).toBe('invalid_client');
  }, 60_000);
});
