import { report } from '../support/figures';
import { FlipClient } from '../support/flip-client';
import type { Fleet } from '../support/held-login';
import { proofSize } from '../support/proof-size';
import { registerPeople, ServiceClient } from '../support/service-client';
import { startService, type Profile, type ServiceProcess } from '../support/service-process';
import { Tally } from '../support/tally';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { until } from '../support/until';

interface Size {
  readonly clients: number;
  /** Milliseconds of load; a third of it in each mode. */
  readonly load: number;
  /** Fewest refreshes and replays across kinds, each way. */
  readonly refreshes: number;
  readonly replays: number;
}

const SIZE = proofSize<Size>({
  reduced: { clients: 30, load: 12_000, refreshes: 30, replays: 8 },
  full: { clients: 200, load: 60_000, refreshes: 200, replays: 50 },
});

// Deadlines that differ, so that a flip which forgot one would show. And these clients refresh about once a second each:
// what they show is that no refresh is lost, not how many one login may have.
const SETTINGS = {
  LATCHKEY__AUTH__REFRESHES_PER_MINUTE: '600',
  LATCHKEY__AUTH__SESSION__REFRESH_TOKEN_TTL: '720h',
  LATCHKEY__AUTH__JWT__REFRESH_TOKEN_TTL: '48h',
};

let database: TestDatabase;
let service: ServiceProcess;

beforeEach(async () => {
  database = await createTestDatabase();
  service = await startService({ databaseUrl: database.url, profile: 'stateful', settings: SETTINGS });
}, 30_000);

afterEach(async () => {
  await service.stop();
  await database.drop();
}, 30_000);

describe('flipping the mode twice under load', () => {
  it.each(['denylist', 'tracked'] as const)(
    'logs nobody out: stateful, %s, stateful',
    async (stateless) => {
      const http = new ServiceClient(service.url);
      const people = await registerPeople(http, SIZE.clients);
      const tally = new Tally();
      const fleet: Fleet = { era: 0 };
      const clients = people.map((person) => new FlipClient(http, person, tally, fleet));
      const { downtimes, failures } = await loadWhileFlipping(clients, fleet, ['stateful', stateless, 'stateful']);
      failures.push(...(await failuresOf(clients.map((client) => client.settle()))));
      http.close();

      report({
        proof: 'flip',
        promise:
          'Flipping the mode under load logs nobody out, changes no session id or deadline, and each refresh is decided once',
        setting: `stateful, ${stateless}, stateful`,
        figures: {
          clients: SIZE.clients,
          seconds: SIZE.load / 1000,
          restarts_ms: downtimes.join(', '),
          ...tally.all,
          violations: tally.violations,
        },
      });
      expect(tally.broken).toEqual({});
      expect(failures).toEqual([]);
      expect(new Set(clients.map(({ userId }) => userId)).size).toBe(SIZE.clients);
      expect(tally.of('logins_alive_at_the_end')).toBeGreaterThanOrEqual(SIZE.clients);
      for (const way of ['to_stateless', 'to_stateful']) {
        expect(tally.of(`refreshes_${way}`)).toBeGreaterThanOrEqual(SIZE.refreshes);
        expect(tally.of(`replays_${way}`)).toBeGreaterThanOrEqual(SIZE.replays);
      }
    },
    4 * SIZE.load + 60_000,
  );
});

interface Load {
  /** Milliseconds that each restart took. */
  readonly downtimes: number[];
  readonly failures: string[];
}

/** Lets all clients run while each mode serves its part of the time. */
async function loadWhileFlipping(clients: FlipClient[], fleet: Fleet, modes: readonly Profile[]): Promise<Load> {
  let isOver = false;
  const running = failuresOf(clients.map((client) => client.run(() => isOver)));
  const downtimes: number[] = [];
  try {
    for (const [i, profile] of modes.entries()) {
      if (i > 0) downtimes.push(await restartAs(profile, fleet));
      const flipAt = performance.now() + SIZE.load / modes.length;
      await until('the next flip is due', () => performance.now() > flipAt, { within: SIZE.load, every: 100 });
    }
  } finally {
    isOver = true;
    await running;
  }
  return { downtimes, failures: await running };
}

async function failuresOf(all: readonly Promise<void>[]): Promise<string[]> {
  const ends = await Promise.allSettled(all);
  return ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));
}

/** What an operator does: changes the line in the YAML and restarts. */
async function restartAs(profile: Profile, fleet: Fleet): Promise<number> {
  const begun = performance.now();
  const { port } = service;
  await service.stop();
  fleet.era += 1;
  service = await startService({ databaseUrl: database.url, profile, settings: SETTINGS, port });
  return Math.round(performance.now() - begun);
}
