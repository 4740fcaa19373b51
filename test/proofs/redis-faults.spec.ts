import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { percentile, report, spread } from '../support/figures';
import { proofSize } from '../support/proof-size';
import { startRedis, type RedisServer } from '../support/redis-server';
import {
  expecting,
  registerPeople,
  ServiceClient,
  sessionIdOf,
  type Grant,
  type Person,
} from '../support/service-client';
import { startService, type ServiceProcess } from '../support/service-process';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

const LASTS = proofSize({ reduced: 3_000, full: 15_000 });
const READERS = proofSize({ reduced: 8, full: 16 });
const ALIVE = 20;
const REVOKE_EVERY = 100;
const FLUSH_EVERY = 100;
/** An ended login may be served for so long after the answer: by the push, and by polling alone. Milliseconds. */
const PUSHED = 1_000;
const POLLED = 2_000;
const STALLED_P99 = 500;
const RSS_GROWTH_MB = 50;

interface Fault {
  readonly name: string;
  readonly bound: number;
  begin(): Promise<unknown> | void;
  end(): Promise<unknown> | void;
}

interface Seen {
  readonly milliseconds: number;
  readonly status: number;
}

let database: TestDatabase;
let redis: RedisServer;
let processes: ServiceProcess[];
let here: ServiceClient;
let there: ServiceClient;
/** One for each fault: nobody may end so many logins within a minute. */
let people: Person[];
let person: Person;
let actor: Grant;
let flushing: NodeJS.Timeout | undefined;

const FAULTS: readonly Fault[] = [
  { name: 'none', bound: PUSHED, begin: () => undefined, end: () => undefined },
  {
    name: 'flushed all the time',
    bound: PUSHED,
    begin: () => void (flushing = setInterval(() => void redis.flush().catch(() => undefined), FLUSH_EVERY)),
    end: () => clearInterval(flushing),
  },
  { name: 'hangs (SIGSTOP)', bound: POLLED, begin: () => redis.freeze(), end: () => redis.thaw() },
  { name: 'killed', bound: POLLED, begin: () => redis.kill(), end: () => redis.restart() },
];

// Without sessions in memory every guarded request asks Redis. With a small heap, what waits and piles up ends the process,
// and garbage is collected before it looks like growth.
const SETTINGS = {
  LATCHKEY__AUTH__SESSION__STORE: 'redis',
  LATCHKEY__AUTH__SESSION__CACHE__ENABLED: 'false',
  NODE_OPTIONS: '--max-old-space-size=128',
};

beforeAll(async () => {
  [database, redis] = await Promise.all([createTestDatabase(), startRedis()]);
  const options = { databaseUrl: database.url, settings: { ...SETTINGS, REDIS_URL: redis.url } };
  processes = await Promise.all([startService(options), startService(options)]);
  [here, there] = processes.map(({ url }) => new ServiceClient(url)) as [ServiceClient, ServiceClient];
  people = await registerPeople(here, FAULTS.length);
}, 60_000);

afterAll(async () => {
  clearInterval(flushing);
  redis.thaw();
  [here, there].forEach((client) => client.close());
  await Promise.all(processes.map((service) => service.stop()));
  await Promise.all([database.drop(), redis.stop()]);
}, 30_000);

/** One process is read from as fast as it answers, while the other ends logins one after the other. */
class Run {
  readonly seen: Seen[] = [];
  readonly wrong: string[] = [];
  revoked = 0;
  private over = false;
  private readonly endedAt = new Map<Grant, number>();

  constructor(
    private readonly alive: readonly Grant[],
    private readonly victims: readonly Grant[],
    private readonly bound: number,
  ) {}

  async during(milliseconds: number): Promise<void> {
    const everyone = [...this.alive, ...this.victims];
    const reading = Array.from({ length: READERS }, (_, i) => this.read(everyone, i));
    const ending = this.endThem();
    await pause(milliseconds);
    this.over = true;
    await Promise.all([...reading, ending]);
  }

  /** Long enough after the last one was ended, none of them is served. */
  async expectAllRefused(): Promise<void> {
    await pause(this.bound);
    for (const grant of this.endedAt.keys()) {
      expect(await there.me(grant.access_token)).toMatchObject({ status: 401, code: 'token_revoked' });
    }
  }

  private async read(grants: readonly Grant[], start: number): Promise<void> {
    for (let i = start; !this.over; i++) await this.ask(grants[i % grants.length] as Grant);
  }

  private async ask(grant: Grant): Promise<void> {
    const asked = performance.now();
    const { status, code } = await there.me(grant.access_token);
    this.seen.push({ milliseconds: performance.now() - asked, status });
    const ended = this.endedAt.get(grant);
    const mayServe = ended === undefined || asked < ended + this.bound;
    const mayRefuse = code === 'token_revoked' && this.victims.includes(grant);
    if (status === 200 ? !mayServe : !mayRefuse) this.wrong.push(`${status} ${code}`);
  }

  private async endThem(): Promise<void> {
    for (const victim of this.victims) {
      if (this.over) return;
      await expecting(204, here.revoke(actor.access_token, sessionIdOf(victim)));
      this.endedAt.set(victim, performance.now());
      this.revoked += 1;
      await pause(REVOKE_EVERY);
    }
  }
}

const login = () => expecting(200, here.login(person));

/** In one go a login each; bcrypt at its cheapest still takes a while. */
async function logins(count: number): Promise<Grant[]> {
  const grants: Grant[] = [];
  while (grants.length < count) grants.push(await login());
  return grants;
}

function residentMegabytes({ pid }: ServiceProcess): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe.each(FAULTS)(
  'a fleet whose sessions are read through Redis, under load. Redis is wrong by: $name',
  (fault) => {
    beforeAll(async () => {
      person = people[FAULTS.indexOf(fault)] as Person;
      actor = await expecting(200, here.login(person));
    });

    it(
      'accepts no login that was ended, refuses none that lives, and waits no longer than it may',
      async () => {
        const run = new Run(await logins(ALIVE), await logins(LASTS / REVOKE_EVERY / 2), fault.bound);
        // As long as what it is compared with: a process that is still warming up grows as well.
        await run.during(LASTS);
        const before = residentMegabytes(processes[1] as ServiceProcess);
        run.seen.length = 0;
        const faulty = new Run(await logins(ALIVE), await logins(LASTS / REVOKE_EVERY / 2), fault.bound);
        await fault.begin();
        await faulty.during(LASTS);
        const grown = residentMegabytes(processes[1] as ServiceProcess) - before;
        await faulty.expectAllRefused();
        await fault.end();
        const waits = faulty.seen.map(({ milliseconds }) => milliseconds);
        report({
          proof: 'redis-faults',
          promise: 'With Redis flushed, hanging or killed under load, no ended login is accepted and nobody waits long',
          setting: fault.name,
          figures: {
            requests: faulty.seen.length,
            ...spread(waits),
            logins_ended: faulty.revoked,
            ended_and_accepted_or_alive_and_refused: run.wrong.length + faulty.wrong.length,
            memory_grown_by_mb: Math.round(grown),
          },
        });
        expect([run.wrong, faulty.wrong]).toEqual([[], []]);
        expect(faulty.revoked).toBeGreaterThan(5);
        expect(percentile(waits, 0.99)).toBeLessThan(timeLimit(STALLED_P99));
        expect(grown).toBeLessThan(RSS_GROWTH_MB);
        await expectUp();
      },
      6 * LASTS + 60_000,
    );
  },
);

/** Every process asks Redis again: the next fault meets a fleet that relies on it. */
async function expectUp(): Promise<void> {
  const reads = async (): Promise<number> =>
    Number(/cmdstat_get:calls=(\d+)/.exec(await redis.command('INFO', 'commandstats'))?.[1] ?? 0);
  const grant = await login();
  for (const client of [here, there]) {
    const before = await reads();
    const asked = async (): Promise<boolean> => {
      await expecting(200, client.me(grant.access_token));
      return (await reads()) > before;
    };
    await until('Redis is asked again', asked, { within: 10_000, every: 50 });
  }
}
