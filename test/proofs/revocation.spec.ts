import { setTimeout as pause } from 'node:timers/promises';
import { report, type Figure } from '../support/figures';
import { proofSize } from '../support/proof-size';
import { measureDelays, type Delays, type End } from '../support/revocation-delays';
import {
  expecting,
  registerPeople,
  ServiceClient,
  sessionIdOf,
  type Grant,
  type Person,
} from '../support/service-client';
import { startService, type Profile, type ServiceProcess } from '../support/service-process';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { timeLimit } from '../support/time-limit';

const RUNS = proofSize({ reduced: 40, full: 200 });
const OTHER_RUNS = proofSize({ reduced: 10, full: 50 });
const POLLED_RUNS = proofSize({ reduced: 3, full: 30 });
/** Promised: with the push, and by polling alone. Milliseconds. */
const PUSHED = 1_000;
const POLLED = 2_000;

let database: TestDatabase;
let person: Person;
let people = 0;
let processes: [ServiceProcess, ServiceProcess];
/** Where logins are revoked, and where that is noticed. */
let here: ServiceClient;
let there: ServiceClient;

describe.each(['stateful', 'tracked', 'denylist'] as const)('a login that is ended on one process: %s', (profile) => {
  beforeAll(() => startBoth(profile), 60_000);
  afterAll(stopBoth, 30_000);
  // Each with a minute of their own: what one person may end in a minute is bounded.
  beforeEach(async () => ([person] = (await registerPeople(here, 1, `person-${(people += 1)}-`)) as [Person]), 30_000);

  it('is refused by the other within a second of the answer', async () => {
    const actor = await expecting(200, here.login(person));
    const delays = await measure(RUNS, async (victim) => {
      await expecting(204, here.revoke(actor.access_token, sessionIdOf(victim)));
    });
    await expecting(200, there.me(actor.access_token));
    reportDelays('A revoked session is refused by every other process within a second', profile, delays);
    expect(delays.p99_ms).toBeLessThan(timeLimit(PUSHED));
  }, 60_000);

  it('is refused as soon after a logout', async () => {
    const delays = await measure(OTHER_RUNS, (victim) => expecting(200, here.logout(victim.access_token)));
    reportDelays('A logout is known to every other process within a second', profile, delays);
    expect(delays.p99_ms).toBeLessThan(timeLimit(PUSHED));
  }, 60_000);

  it('is refused as soon when all logins are ended', async () => {
    const delays = await measure(OTHER_RUNS, async (victim) => {
      const actor = await expecting(200, here.login(person));
      await expecting(204, here.revokeAll(actor.access_token));
      return async () => {
        expect((await there.me(actor.access_token)).code).toBe('token_revoked');
        expect((await there.refresh(victim.refresh_token)).code).toBe('invalid_grant');
      };
    });
    reportDelays('Ending all logins is known to every other process within a second', profile, delays);
    expect(delays.p99_ms).toBeLessThan(timeLimit(PUSHED));
  }, 60_000);

  it('is refused as soon when all but the current one are ended, which lives on', async () => {
    const delays = await measure(OTHER_RUNS, async () => {
      const actor = await expecting(200, here.login(person));
      await expecting(200, there.me(actor.access_token));
      await expecting(204, here.revokeAll(actor.access_token, { exceptCurrent: true }));
      return () => expectAlive(actor);
    });
    reportDelays('Ending all other logins is known to every other process within a second', profile, delays);
    expect(delays.p99_ms).toBeLessThan(timeLimit(PUSHED));
  }, 60_000);

  it('is refused within two seconds when nobody pushes and only polling is left', async () => {
    const actor = await expecting(200, here.login(person));
    const channel = cutNotifications();
    const delays = await measure(POLLED_RUNS, async (victim) => {
      await expecting(204, here.revoke(actor.access_token, sessionIdOf(victim)));
    });
    const cuts = await channel.leaveAlone();
    reportDelays('Without the notification channel a revocation is known within two seconds', profile, delays, {
      feed_connections_cut: cuts,
    });
    expect(cuts).toBeGreaterThan(0);
    expect(delays.max_ms).toBeLessThan(timeLimit(POLLED));
  }, 120_000);
});

async function startBoth(profile: Profile): Promise<void> {
  database = await createTestDatabase();
  const start = () => startService({ databaseUrl: database.url, profile });
  processes = await Promise.all([start(), start()]);
  here = new ServiceClient(processes[0].url);
  there = new ServiceClient(processes[1].url);
}

async function stopBoth(): Promise<void> {
  here.close();
  there.close();
  await Promise.all(processes.map((service) => service.stop()));
  await database.drop();
}

const measure = (runs: number, end: End): Promise<Delays> => measureDelays({ here, there, person }, runs, end);

async function expectAlive(grant: Grant): Promise<void> {
  await expecting(200, here.me(grant.access_token));
  await expecting(200, there.me(grant.access_token));
  await expecting(200, there.refresh(grant.refresh_token));
}

/** Ends every connection that listens, over and over, until told to stop; then resolves with how many it ended. */
function cutNotifications(): { leaveAlone(): Promise<number> } {
  let wanted = true;
  const cutting = withClient(database.url, async (client) => {
    let cuts = 0;
    while (wanted) {
      const { rowCount } = await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'latchkey-feed' AND datname = current_database()`,
      );
      cuts += rowCount ?? 0;
      await pause(5);
    }
    return cuts;
  });
  return {
    leaveAlone: () => {
      wanted = false;
      return cutting;
    },
  };
}

function reportDelays(promise: string, setting: Profile, delays: Delays, more: Record<string, Figure> = {}): void {
  report({ proof: 'revocation', promise, setting, figures: { ...delays, ...more } });
}
