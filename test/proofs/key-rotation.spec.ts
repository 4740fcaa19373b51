import { execFile } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { report, spread } from '../support/figures';
import { proofSize } from '../support/proof-size';
import { expecting, registerPeople, ServiceClient, type Grant, type Person } from '../support/service-client';
import { startService, type ServiceProcess } from '../support/service-process';
import { Tally } from '../support/tally';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';

const CLI = path.resolve(__dirname, '../../dist/src/cli/latchkey.js');
const SIZE = proofSize({ reduced: { perSecond: 60, people: 10 }, full: { perSecond: 200, people: 40 } });
const ROTATIONS = 3;
/** Readers keep the keys for a second; what is published ahead is published for two, and for the time to learn it. */
const SETTINGS = {
  LATCHKEY__AUTH__JWT__KEYS__PUBLISH_AHEAD: '2s',
  LATCHKEY__AUTH__JWT__KEYS__JWKS_MAX_AGE: '1s',
  // On a slow machine the visits last longer than a minute; how often one login may refresh is not the matter here.
  LATCHKEY__AUTH__REFRESHES_PER_MINUTE: '1000',
};
const AHEAD = 2_000 + 5_000;
const SECRET = 'a root key for tests, longer than thirty-two bytes';

jest.setTimeout(120_000);

interface Rotated {
  readonly key: { readonly kid: string; readonly signs_from: string };
}

/** Checks tokens alone, with keys that it reads from one process and keeps; never asks for a name it does not know. */
function resourceServer(url: string): (token: string) => Promise<unknown> {
  const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`), {
    cacheMaxAge: 1_000,
    cooldownDuration: 3_600_000,
  });
  const expected = { issuer: 'latchkey', audience: 'latchkey-api', typ: 'at+jwt', algorithms: ['RS256'] };
  return (token) => jwtVerify(token, keys, expected);
}

const kidOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

describe('key rotation under load', () => {
  let database: TestDatabase;
  let services: ServiceProcess[] = [];
  let clients: ServiceClient[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    const options = { databaseUrl: database.url, profile: 'denylist', settings: SETTINGS } as const;
    services = await Promise.all([startService(options), startService(options)]);
    clients = services.map((service) => new ServiceClient(service.url));
  });

  afterAll(async () => {
    clients.forEach((client) => client.close());
    await Promise.all(services.map((service) => service.stop()));
    await database.drop();
  });

  async function keys(...args: string[]): Promise<unknown> {
    const env = {
      PATH: process.env['PATH'],
      DATABASE_URL: database.url,
      LATCHKEY_SECRET: SECRET,
      LATCHKEY__AUTH__MODE: 'stateless',
      ...SETTINGS,
    };
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'keys', ...args, '--json'], { env });
    return JSON.parse(stdout);
  }

  /** Each visitor of its own: signs in, visits, refreshes, at any process. */
  async function visit(person: Person, tally: Tally, kids: Set<string>, isOver: () => boolean): Promise<void> {
    const check = services.map((service) => resourceServer(service.url));
    const at = (turn: number): ServiceClient => clients[turn % clients.length] as ServiceClient;
    let grant: Grant = await expecting(200, at(0).login(person));
    for (let turn = 0; !isOver(); turn += 1) {
      const begun = performance.now();
      kids.add(kidOf(grant.access_token));
      const { status } = await at(turn).me(grant.access_token);
      tally.count(status === 200 ? 'accepted by the service' : `REFUSED ${status} by the service`);
      await check[turn % check.length]?.(grant.access_token).then(
        () => tally.count('accepted by the resource server'),
        (error: Error) => tally.count(`REFUSED by the resource server: ${error.message}`),
      );
      if (turn % 4 === 3) {
        const next = await at(turn + 1).refresh(grant.refresh_token);
        tally.count(next.status === 200 ? 'refreshed' : `REFUSED REFRESH ${next.status} ${next.code ?? ''}`);
        if (next.status === 200) grant = next.body;
      }
      await pause(Math.max(0, (1000 * SIZE.people) / SIZE.perSecond - (performance.now() - begun)));
    }
  }

  it('fails no request, here or at a resource server that keeps the keys, and a retired key is refused', async () => {
    const people = await registerPeople(clients[0] as ServiceClient, SIZE.people);
    const early = await expecting(200, (clients[0] as ServiceClient).login(people[0] as Person));
    const tally = new Tally();
    const kids = new Set<string>();
    let over = false;
    const load = Promise.all(people.map((person) => visit(person, tally, kids, () => over)));
    for (let i = 0; i < ROTATIONS; i += 1) {
      const { key } = (await keys('rotate')) as Rotated;
      await until('a token of the next key', () => kids.has(key.kid), { within: AHEAD + timeLimit(5_000) });
    }
    over = true;
    await load;

    const first = kidOf(early.access_token);
    for (const client of clients) await expecting(200, client.me(early.access_token));
    await keys('retire', first);
    const retiredAt = performance.now();
    const refusedAfter = await Promise.all(
      clients.map(async (client) => {
        await until('refused', async () => (await client.me(early.access_token)).status === 401, {
          within: timeLimit(2_000),
        });
        return performance.now() - retiredAt;
      }),
    );
    for (const client of clients) {
      expect(await client.me(early.access_token)).toMatchObject({ status: 401, code: 'invalid_token' });
      expect(await client.refresh(early.refresh_token)).toMatchObject({ status: 401, code: 'invalid_grant' });
      await expect(resourceServer(client.url)(early.access_token)).rejects.toThrow('no applicable key');
    }
    report({
      proof: 'key-rotation',
      promise: 'Rotating the signing key under load fails no request, here or at a resource server that keeps the keys',
      figures: {
        rotations: ROTATIONS,
        keys_that_signed: kids.size,
        requests_per_second: SIZE.perSecond,
        violations: tally.violations,
        ...tally.all,
        retired_key_refused_everywhere_after_ms: spread(refusedAfter).max_ms,
      },
    });
    expect(tally.broken).toEqual({});
    expect(kids.size).toBe(ROTATIONS + 1);
    expect(Math.max(...refusedAfter)).toBeLessThan(1_500);
  });
});
