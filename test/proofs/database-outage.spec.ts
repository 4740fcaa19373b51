import { rm } from 'node:fs/promises';
import path from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres';
import { socketUrl } from '../../src/database/socket-url';
import { report } from '../support/figures';
import { HttpClient, type Answer } from '../support/http-client';
import { serverProcesses } from '../support/process-table';
import { proofSize } from '../support/proof-size';
import { expecting, registerPeople, ServiceClient, type Grant, type Person } from '../support/service-client';
import { startService, type Profile, type ServiceProcess } from '../support/service-process';
import { keepingLog, temporaryFolder } from '../support/test-server';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

/** Longer than the feed may be silent before it counts as lost, so that sessions in memory are no longer trusted. */
const OUTAGE = proofSize({ reduced: 4_500, full: 20_000 });
const ANSWERED_WITHIN = 3_000;
const STATEMENT_TIMEOUT = 1_000;
/** The statement, or a new connection after it, and half a second for the server to speak first. */
const GIVEN_UP_WITHIN = ANSWERED_WITHIN + STATEMENT_TIMEOUT + 500;
const RECOVERED_WITHIN = 5_000;
const PAUSE = 100;

type Request = 'known_token' | 'new_token' | 'login' | 'refresh';

/** Statuses that each kind of request may meet while the database is away. */
const MAY: readonly (readonly [Profile, Record<Request, readonly number[]>])[] = [
  ['stateful', { known_token: [200, 503], new_token: [503], login: [503], refresh: [503] }],
  ['denylist', { known_token: [200], new_token: [200], login: [503], refresh: [503] }],
  ['none', { known_token: [200], new_token: [200], login: [503], refresh: [503] }],
];

/** One service, what it is asked, and what it answered. */
class Subject {
  statuses: Record<string, Record<string, number>> = {};
  wrong: string[] = [];
  slowest = 0;
  private readonly http: HttpClient;
  private known!: Grant;
  private fresh!: Grant;

  constructor(
    readonly profile: Profile,
    readonly service: ServiceProcess,
    private readonly may: Record<Request, readonly number[]>,
  ) {
    this.http = new HttpClient(service.url);
  }

  async signIn(person: Person): Promise<void> {
    const client = new ServiceClient(this.service.url);
    this.known = await expecting(200, client.login(person));
    this.fresh = await expecting(200, client.login(person));
    await expecting(200, client.me(this.known.access_token));
    client.close();
  }

  forget(): void {
    this.statuses = {};
    this.wrong = [];
    this.slowest = 0;
  }

  /** `new_token` was never seen by this process: whether it is good can only be read. */
  send(request: Request, person: Person): Promise<Answer<unknown>> {
    const { known, fresh } = this;
    if (request === 'login') return this.http.post('/auth/login', { json: person });
    if (request === 'refresh') return this.http.post('/auth/refresh', { json: { refresh_token: fresh.refresh_token } });
    return this.http.get('/auth/me', { token: (request === 'known_token' ? known : fresh).access_token });
  }

  async ask(request: Request, person: Person): Promise<void> {
    const begun = performance.now();
    const { status, headers, text } = await this.send(request, person);
    this.slowest = Math.max(this.slowest, performance.now() - begun);
    const counts = (this.statuses[request] ??= {});
    counts[status] = (counts[status] ?? 0) + 1;
    const told = status !== 503 || Number(headers.get('retry-after')) >= 1;
    if (!this.may[request].includes(status) || !told || /postgres|sock|ECONN|127\.0/i.test(text)) {
      this.wrong.push(`${request}: ${status} ${text}`);
    }
  }
}

const REQUESTS: readonly Request[] = ['known_token', 'new_token', 'login', 'refresh'];

let folder: string;
let server: EmbeddedPostgres;
let subjects: Subject[];
let people: Person[];

const postgres = (): string => path.join(folder, 'postgres');
const startServer = () => startEmbeddedPostgres({ dataDir: postgres(), log: keepingLog() });

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startServer();
  const databaseUrl = socketUrl(server.connection);
  const settings = {
    LATCHKEY__AUTH__SESSION__MAX_LOGIN_ATTEMPTS: '100',
    LATCHKEY__DATABASE__STATEMENT_TIMEOUT: `${STATEMENT_TIMEOUT}ms`,
  };
  subjects = await Promise.all(
    MAY.map(
      async ([profile, may]) => new Subject(profile, await startService({ databaseUrl, profile, settings }), may),
    ),
  );
  const client = new ServiceClient(subjects[0]!.service.url);
  people = await registerPeople(client, MAY.length);
  client.close();
}, 60_000);

beforeEach(() => subjects.forEach((subject) => subject.forget()));

const signIn = () => Promise.all(subjects.map((subject, i) => subject.signIn(people[i] as Person)));

afterAll(async () => {
  await Promise.all(subjects.map(({ service }) => service.stop()));
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

describe('a database that goes away and comes back', () => {
  it('is answered with 503 and Retry-After in time, and never by calling a good token bad', async () => {
    await signIn();
    await server.stop();
    await askEverybodyFor(OUTAGE);
    expectInTime('While the database is away: 503 with Retry-After, never 401 and never 500', ANSWERED_WITHIN);
    expect(subjects[0]!.statuses['known_token']).toHaveProperty('503');
  }, 90_000);

  it('serves everybody again, with the tokens they had, and no process was restarted', async () => {
    server = await startServer();
    await expectRecovery('When the database is back, all requests and tokens work again');
  }, 60_000);
});

describe('a database that hangs and goes on', () => {
  it('is given up after the statement timeout, with the same answers', async () => {
    await signIn();
    const frozen = serverProcesses(postgres());
    expect(frozen.length).toBeGreaterThan(5);
    try {
      frozen.forEach(({ pid }) => process.kill(pid, 'SIGSTOP'));
      await askEverybodyFor(OUTAGE);
    } finally {
      frozen.forEach(({ pid }) => process.kill(pid, 'SIGCONT'));
    }
    expectInTime('While the database hangs: 503 after the statement timeout, never 401 and never 500', GIVEN_UP_WITHIN);
  }, 90_000);

  it('serves everybody again, with the tokens they had', async () => {
    await expectRecovery('When a database that hung goes on, all requests and tokens work again');
  }, 60_000);
});

async function askEverybodyFor(milliseconds: number): Promise<void> {
  const ends = performance.now() + milliseconds;
  const askAll = async (): Promise<boolean> => {
    await Promise.all(
      subjects.flatMap((subject, i) => REQUESTS.map((request) => subject.ask(request, people[i] as Person))),
    );
    return performance.now() > ends;
  };
  await until('the outage is over', askAll, { within: 3 * milliseconds, every: PAUSE });
}

function expectInTime(promise: string, limit: number): void {
  for (const { profile, statuses, slowest } of subjects) {
    tell(promise, profile, { outage_ms: OUTAGE, slowest_answer_ms: Math.round(slowest), ...statuses });
  }
  expect(subjects.map(({ wrong }) => wrong)).toEqual(subjects.map(() => []));
  for (const { slowest } of subjects) expect(slowest).toBeLessThan(timeLimit(limit));
}

async function expectRecovery(promise: string): Promise<void> {
  const begun = performance.now();
  await Promise.all(
    subjects.map(async (subject, i) => {
      const works = async (request: Request) => (await subject.send(request, people[i] as Person)).status === 200;
      for (const request of REQUESTS)
        await until(request, () => works(request), { within: timeLimit(2 * RECOVERED_WITHIN) });
      await until('it is ready', async () => (await fetch(`${subject.service.url}/health/ready`)).ok);
      const took = performance.now() - begun;
      tell(promise, subject.profile, { recovered_after_ms: Math.round(took) });
      expect(took).toBeLessThan(timeLimit(RECOVERED_WITHIN));
    }),
  );
}

function tell(promise: string, setting: Profile, figures: Record<string, number | Record<string, number>>): void {
  report({ proof: 'database-outage', promise, setting, figures });
}
