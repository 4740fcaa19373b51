import { setTimeout as pause } from 'node:timers/promises';
import { report, spread } from '../support/figures';
import { proofSize } from '../support/proof-size';
import {
  startResourceServer,
  type ResourceServerOptions,
  type ResourceServerProcess,
} from '../support/resource-server-process';
import {
  expecting,
  registerPeople,
  ServiceClient,
  sessionIdOf,
  type Grant,
  type Person,
} from '../support/service-client';
import { runCommand, startService, type Profile, type ServiceProcess } from '../support/service-process';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

const RUNS = proofSize({ reduced: 10, full: 200 });
/** How long the service is away. Milliseconds. */
const OUTAGE = proofSize({ reduced: 7_000, full: 30_000 });
const MAX_STALENESS = proofSize({ reduced: 5_000, full: 20_000 });
/** Introspection believes an answer for five seconds: its runs are made side by side. */
const SIDE_BY_SIDE = 20;
const FEED_FRESH_FOR = 3_000;
const INTROSPECTION_BELIEVED_FOR = 5_000;
/** A busy machine may be late by so much. */
const SLACK = 1_500;

interface Case {
  readonly verifier: ResourceServerOptions['verifier'];
  readonly profile: Profile;
  /** Promised for 99 of 100. */
  readonly within: number;
  readonly atOnce: number;
}

const CASES: readonly Case[] = [
  { verifier: 'jwks', profile: 'denylist', within: 1_000, atOnce: 1 },
  { verifier: 'auto', profile: 'denylist', within: 1_000, atOnce: 1 },
  { verifier: 'auto', profile: 'stateful', within: 1_000, atOnce: 1 },
  { verifier: 'introspection', profile: 'denylist', within: INTROSPECTION_BELIEVED_FOR + SLACK, atOnce: SIDE_BY_SIDE },
  { verifier: 'introspection', profile: 'stateful', within: INTROSPECTION_BELIEVED_FOR + SLACK, atOnce: SIDE_BY_SIDE },
];

let database: TestDatabase;
let service: ServiceProcess;
let here: ServiceClient;
let person: Person;
let client: { readonly id: string; readonly secret: string };

async function open(profile: Profile): Promise<void> {
  database = await createTestDatabase();
  const options = { databaseUrl: database.url, profile };
  service = await startService(options);
  here = new ServiceClient(service.url);
  [person] = (await registerPeople(here, 1)) as [Person];
  const made = await runCommand<{ client: { id: string }; client_secret: string }>(
    options,
    ...['clients', 'create', 'notes', '--all-tenants'],
  );
  client = { id: made.client.id, secret: made.client_secret };
}

async function close(): Promise<void> {
  here.close();
  await service.stop();
  await database.drop();
}

describe.each(CASES)('a login that is ended: $verifier, $profile', ({ verifier, profile, within, atOnce }) => {
  let resources: ResourceServerProcess | undefined;
  let notes: ServiceClient;

  beforeAll(async () => {
    await open(profile);
    resources = await startResourceServer({ serviceUrl: service.url, client, verifier });
    notes = new ServiceClient(resources.url);
  }, 60_000);
  afterAll(async () => {
    notes?.close();
    await resources?.stop();
    await close();
  }, 30_000);

  it('is refused by another process that knows only the address of the service', async () => {
    const actor = await expecting(200, here.login(person));
    const delays: number[] = [];
    for (let run = 0; run < RUNS; run += atOnce) {
      const victims: Grant[] = [];
      while (victims.length < Math.min(atOnce, RUNS - run)) victims.push(await expecting(200, here.login(person)));
      delays.push(...(await Promise.all(victims.map((victim) => untilRefused(victim, actor)))));
    }
    await expecting(200, notes.call('GET', '/notes', { token: actor.access_token }));
    const measured = spread(delays);
    const promise = 'A resource server that knows only the address of the service refuses an ended login';
    report({
      proof: 'resource-servers',
      promise,
      setting: `${verifier}, ${profile}`,
      figures: { runs: delays.length, ...measured },
    });
    expect(measured.p99_ms).toBeLessThan(timeLimit(within));
  }, 300_000);

  async function untilRefused(victim: Grant, actor: Grant): Promise<number> {
    for (let warm = 0; warm < 2; warm++)
      await expecting(200, notes.call('GET', '/notes', { token: victim.access_token }));
    await expecting(204, here.revoke(actor.access_token, sessionIdOf(victim)));
    const answered = performance.now();
    for (;;) {
      const answer = await notes.call('GET', '/notes', { token: victim.access_token });
      if (answer.status === 401) return performance.now() - answered;
      expect(answer.status).toBe(200);
      if (performance.now() - answered > 20_000) throw new Error('It is never refused');
      if (atOnce > 1) await pause(20);
    }
  }
});

interface Watched {
  readonly name: string;
  readonly options: Pick<ResourceServerOptions, 'verifier' | 'onLoss' | 'maxStaleness'>;
  /** How long it may go on without the service. */
  readonly servesFor: number;
}

const BOUNDED = { onLoss: 'bounded_staleness', maxStaleness: MAX_STALENESS } as const;
const WATCHED: readonly Watched[] = [
  { name: 'jwks, bounded_staleness', options: { verifier: 'jwks', ...BOUNDED }, servesFor: MAX_STALENESS },
  { name: 'jwks, fail_closed', options: { verifier: 'jwks', onLoss: 'fail_closed' }, servesFor: FEED_FRESH_FOR },
  { name: 'auto, bounded_staleness', options: { verifier: 'auto', ...BOUNDED }, servesFor: MAX_STALENESS },
  { name: 'introspection', options: { verifier: 'introspection' }, servesFor: INTROSPECTION_BELIEVED_FOR },
];

describe('a service that is away', () => {
  const servers: ResourceServerProcess[] = [];
  const seen: { status: number; asked: number; at: number }[][] = WATCHED.map(() => []);
  let stoppedAt: number;
  let backAt: number;

  beforeAll(async () => {
    await open('denylist');
    for (const { options } of WATCHED)
      servers.push(await startResourceServer({ serviceUrl: service.url, client, ...options }));
    const { access_token: token } = await expecting(200, here.login(person));
    let over = false;
    const watching = Promise.all(servers.map((server, i) => watch(server, token, i, () => over)));
    await until('everyone serves', () => seen.every((answers) => answers.at(-1)?.status === 200));
    const { port } = service;
    await service.stop();
    stoppedAt = performance.now();
    await pause(OUTAGE);
    service = await startService({ databaseUrl: database.url, profile: 'denylist', port });
    backAt = performance.now();
    await until('everyone serves again', () => seen.every((answers) => answers.at(-1)?.status === 200));
    over = true;
    await watching;
  }, 120_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await close();
  }, 60_000);

  async function watch(server: ResourceServerProcess, token: string, i: number, over: () => boolean): Promise<void> {
    const notes = new ServiceClient(server.url);
    while (!over()) {
      const asked = performance.now();
      const { status } = await notes.call('GET', '/notes', { token });
      seen[i]?.push({ status, asked, at: performance.now() });
      await pause(15);
    }
    notes.close();
  }

  it.each(WATCHED.map((watched, i) => [watched.name, i] as const))(
    'leaves the declared policy in force: %s',
    (name, i) => {
      const answers = seen[i]!;
      const { servesFor } = WATCHED[i]!;
      const lost = answers.filter(({ asked, at }) => asked > stoppedAt && at < backAt);
      const first503 = lost.find(({ status }) => status === 503)!;
      const recovered = answers.find(
        ({ status, asked }) => status === 200 && asked > Math.max(first503.at, backAt - OUTAGE / 4),
      );
      const count = (status: number): number => lost.filter((answer) => answer.status === status).length;
      report({
        proof: 'resource-servers',
        promise: 'While the service is away a resource server obeys its policy: it serves, then answers 503, never 401',
        setting: name,
        figures: {
          away_ms: Math.round(backAt - stoppedAt),
          served: count(200),
          unavailable: count(503),
          refused: count(401),
          refuses_after_ms: Math.round(first503.at - stoppedAt),
          recovered_after_ms: Math.round((recovered?.at ?? NaN) - backAt),
        },
      });
      expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
      expect(first503.at - stoppedAt).toBeLessThan(servesFor + timeLimit(SLACK));
      expect(lost.filter(({ status, asked }) => status === 200 && asked > first503.at)).toEqual([]);
      if (WATCHED[i]!.options.verifier !== 'introspection')
        expect(first503.at - stoppedAt).toBeGreaterThan(servesFor - 2 * SLACK);
      expect(recovered!.at - backAt).toBeLessThan(timeLimit(5_000));
    },
  );
});
