import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startBalancer, type Balancer } from '../support/balancer';
import { report, spread } from '../support/figures';
import { FleetDevice, type DeviceKind } from '../support/fleet-device';
import type { Fleet } from '../support/held-login';
import { PatientCaller } from '../support/patient-caller';
import { proofSize } from '../support/proof-size';
import { registerPeople, ServiceClient } from '../support/service-client';
import { startService, type Profile, type ServiceProcess } from '../support/service-process';
import { Tally } from '../support/tally';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';

interface Size {
  readonly devices: number;
  /** Milliseconds of load: a quarter each before the flip, until the crash, until the flip back, and after it. */
  readonly load: number;
  /** Milliseconds between two refreshes of one device; the access token lives for a minute. */
  readonly refreshEvery: number;
}

const SIZE = proofSize<Size>({
  reduced: { devices: 60, load: 12_000, refreshEvery: 2_000 },
  full: { devices: 1_000, load: 184_000, refreshEvery: 20_000 },
});
const KINDS: readonly DeviceKind[] = ['request', 'websocket', 'event_stream', 'request'];
/** One device in so many signs out while the fleet changes. */
const LEAVES = 7;
const AT_A_TIME = 20;
const SCRIPT = path.join(__dirname, '../support/lounge-process.js');
const SETTINGS = {
  LATCHKEY__AUTH__JWT__ACCESS_TOKEN_TTL: '60s',
  LATCHKEY__AUTH__SESSION__REFRESH_TOKEN_TTL: '720h',
  LATCHKEY__AUTH__JWT__REFRESH_TOKEN_TTL: '48h',
};

let database: TestDatabase;
let services: ServiceProcess[];
let direct: ServiceClient[];
let balancer: Balancer;

const start = (profile: Profile, port?: number): Promise<ServiceProcess> =>
  startService({ databaseUrl: database.url, profile, settings: SETTINGS, port, script: [SCRIPT, 'ws'] });

describe.each(['denylist', 'tracked'] as const)('two processes in different modes, stateful and %s', (stateless) => {
  beforeEach(async () => {
    database = await createTestDatabase();
    services = await Promise.all([start('stateful'), start(stateless)]);
    direct = services.map(({ url }) => new ServiceClient(url));
    balancer = await startBalancer(services.map(({ port }) => port));
  }, 60_000);

  afterEach(async () => {
    await balancer.close();
    for (const client of direct) client.close();
    await Promise.all(services.map((service) => service.stop()));
    await database.drop();
  }, 60_000);

  it(
    'are flipped, one is killed, and flipped back: nobody signs in twice',
    async () => {
      const http = new ServiceClient(balancer.url);
      const [tally, fleet] = [new Tally(), { era: 0 }];
      const parts = { http, caller: new PatientCaller(tally), tally, fleet };
      const people = await registerPeople(direct[0] as ServiceClient, SIZE.devices);
      const devices = people.map(
        (person, i) => new FleetDevice(parts, person, KINDS[i % KINDS.length] as DeviceKind, SIZE.refreshEvery),
      );
      await batches(devices, (device) => device.signIn());
      const leavers = devices.filter((_, i) => i % LEAVES === 0);
      const stayers = devices.filter((_, i) => i % LEAVES !== 0);

      const begun = performance.now();
      let isOver = false;
      const staying = failuresOf(stayers.map((device) => device.stay(() => isOver)));
      const leaving = leaveOneByOne(leavers);
      const restarts = await changeFleet(stateless, fleet).finally(() => (isOver = true));
      const [failures, departures] = await Promise.all([staying, leaving]);
      const seconds = Math.round((performance.now() - begun) / 1_000);

      for (const device of stayers) failures.push(...(await failuresOf([device.settle(direct)])));
      for (const device of leavers) await device.settleGone(direct);
      for (const device of devices) device.close();
      http.close();

      report({
        proof: 'mixed-fleet',
        promise:
          'Two processes in different modes behind a balancer, flipped, one killed, flipped back: no login is lost and none that ended is served',
        setting: `stateful beside ${stateless}`,
        figures: {
          devices: SIZE.devices,
          seconds,
          restarts_ms: restarts.join(', '),
          ...tally.all,
          refused_after_sign_out_p99_ms: spread(departures.delays).p99_ms,
          reuse_alarms: await reuseAlarms(),
          violations: tally.violations,
        },
      });
      expect(tally.broken).toEqual({});
      expect([...failures, ...departures.failures]).toEqual([]);
      expect(tally.of('sign_ins')).toBe(SIZE.devices);
      expect(tally.of('stayed_and_accepted_at_the_end')).toBe(2 * stayers.length);
      expect(tally.of('left_and_refused_at_the_end')).toBe(2 * leavers.length);
      expect(await reuseAlarms()).toBe(0);
      // What was shown, was shown under way: both kinds of token in both directions, and connections that were cut.
      for (const what of ['refreshes_to_stateless', 'refreshes_to_stateful', 'connections_lost_and_reopened']) {
        expect(tally.of(what)).toBeGreaterThan(0);
      }
    },
    2 * SIZE.load + 120_000,
  );
});

/** The load's four quarters; milliseconds that each restart took. */
async function changeFleet(stateless: Profile, fleet: Fleet): Promise<number[]> {
  const quarter = () => pause(SIZE.load / 4);
  const restarts: number[] = [];
  const flip = async (...profiles: readonly Profile[]): Promise<void> => {
    fleet.era += 1;
    for (const [i, profile] of profiles.entries()) {
      restarts.push(await restart(i, profile, (service) => service.stop()));
    }
  };
  await quarter();
  await flip(stateless, 'stateful');
  await quarter();
  restarts.push(await restart(0, stateless, (service) => service.kill()));
  await quarter();
  await flip('stateful', stateless);
  await quarter();
  return restarts;
}

async function restart(
  index: number,
  profile: Profile,
  end: (service: ServiceProcess) => Promise<unknown>,
): Promise<number> {
  const begun = performance.now();
  const service = services[index] as ServiceProcess;
  await end(service);
  services[index] = await start(profile, service.port);
  return Math.round(performance.now() - begun);
}

/** Spread over the load, all before its last quarter ends. */
async function leaveOneByOne(leavers: readonly FleetDevice[]): Promise<{ delays: number[]; failures: string[] }> {
  const gap = (0.9 * SIZE.load) / leavers.length;
  const delays: number[] = [];
  const failures = await failuresOf(
    leavers.map(async (device, i) => {
      const leavesAt = performance.now() + gap * i;
      await device.stay(() => performance.now() >= leavesAt);
      delays.push(...(await device.leave(direct)));
    }),
  );
  return { delays, failures };
}

/** Logins that were ended because a refresh token came twice. */
function reuseAlarms(): Promise<number> {
  return withClient(database.url, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM revocations WHERE reason = 'refresh_token_reused'`,
    );
    return rows[0]?.count ?? 0;
  });
}

async function batches<T>(all: readonly T[], work: (each: T) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < all.length; i += AT_A_TIME) await Promise.all(all.slice(i, i + AT_A_TIME).map(work));
}

async function failuresOf(all: readonly Promise<unknown>[]): Promise<string[]> {
  const ends = await Promise.allSettled(all);
  return ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));
}
