import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { formatOpaqueToken } from '../../src/strategy/opaque-token';
import { report } from '../support/figures';
import { proofSize } from '../support/proof-size';
import { storm, type Storm } from '../support/refresh-storm';
import {
  expecting,
  identityOf,
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

const AT_ONCE = proofSize({ reduced: 400, full: 10_000 });
const MADE_UP = proofSize({ reduced: 64, full: 512 });
const MADE_UP_AT_ONCE = 16;
const WITH_STATE: readonly Profile[] = ['stateful', 'tracked', 'denylist'];
/** What `auth.refreshes_per_minute` is unless somebody sets it. All of this runs with it: a storm is one refresh. */
const PER_MINUTE = 60;
/** A key that the service has never seen. */
const STRANGE_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

jest.setTimeout(180_000);

describe.each(WITH_STATE)('a storm on one refresh token, over two processes: %s', (profile) => {
  let database: TestDatabase;
  let services: ServiceProcess[] = [];
  let clients: ServiceClient[] = [];
  let people: Person[];

  beforeAll(async () => {
    database = await createTestDatabase();
    services = await Promise.all([1, 2].map(() => startService({ databaseUrl: database.url, profile })));
    clients = services.map(({ url }) => new ServiceClient(url));
    people = await registerPeople(clients[0]!, 3);
  });

  afterAll(async () => {
    clients.forEach((client) => client.close());
    await Promise.all(services.map((service) => service.stop()));
    await database.drop();
  });

  const stormOf = (refreshToken: string, count = AT_ONCE): Promise<Storm> =>
    storm(
      services.map(({ port }) => port),
      refreshToken,
      count,
    );

  const login = (person: Person | undefined): Promise<Grant> => expecting(200, clients[0]!.login(person!));

  it('has one successor and one live family; a replay after the window ends it', async () => {
    const first = await login(people[0]);
    const { answers, peakInFlight, milliseconds } = await stormOf(first.refresh_token);
    const successors = new Set(granted(answers).map(identityOf));
    const kept = await familiesOf(database, first);
    for (const client of clients) {
      successors.add(identityOf(await expecting(200, client.refresh(first.refresh_token))));
    }
    report({
      proof: 'refresh-storm',
      promise: 'A storm on one refresh token over two processes gives one successor, and one login goes on',
      setting: profile,
      figures: {
        presented_at_once: AT_ONCE,
        most_in_flight: peakInFlight,
        answered_within_ms: milliseconds,
        statuses: statusesOf(answers),
        successors: successors.size,
        ...kept,
      },
    });
    expect(statusesOf(answers)).toEqual({ 200: AT_ONCE });
    expect(peakInFlight).toBe(AT_ONCE);
    expect(successors.size).toBe(1);
    expect(kept).toEqual({ families: 1, live_families: 1, decisions: 1 });
    await expectEndBy(first, answers[0]!.body);
  });

  /** The parent, presented once more when its window is over, ends the login everywhere. */
  async function expectEndBy(parent: Grant, successor: Grant): Promise<void> {
    for (const client of clients) await expecting(200, client.me(successor.access_token));
    await age(database, parent);
    expect(await clients[0]!.refresh(parent.refresh_token)).toMatchObject({
      status: 401,
      code: 'refresh_token_reused',
    });
    for (const client of clients) {
      expect(await client.refresh(successor.refresh_token)).toMatchObject({ status: 401, code: 'invalid_grant' });
      await until('refused', async () => (await client.me(successor.access_token)).status === 401);
      expect(await client.me(successor.access_token)).toMatchObject({ status: 401, code: 'token_revoked' });
    }
    expect(await familiesOf(database, parent)).toMatchObject({ families: 1, live_families: 0 });
  }

  it('of a secret that was made up for a known login ends nothing', async () => {
    const grant = await login(people[1]);
    const one = await stormOf(madeUpFor(grant));
    const others: Answer[] = [];
    while (others.length < MADE_UP) {
      const guesses = Array.from({ length: MADE_UP_AT_ONCE }, () => madeUpFor(grant));
      others.push(...(await Promise.all(guesses.map((guess, i) => clients[i % 2]!.refresh(guess)))));
    }
    const codes = new Set([...one.answers, ...others].map(({ status, code }) => `${status} ${code}`));
    for (const client of clients) await expecting(200, client.me(grant.access_token));
    const next = await expecting(200, clients[1]!.refresh(grant.refresh_token));
    const kept = await familiesOf(database, grant);
    report({
      proof: 'refresh-storm',
      promise: 'Secrets made up for a login whose id is known end nothing',
      setting: profile,
      figures: {
        presented_at_once: AT_ONCE,
        most_in_flight: one.peakInFlight,
        statuses: statusesOf(one.answers),
        different_ones: MADE_UP,
        ...kept,
      },
    });
    expect([...codes]).toEqual(['401 invalid_grant']);
    expect(sessionIdOf(next)).toBe(sessionIdOf(grant));
    expect(kept).toEqual({ families: 1, live_families: 1, decisions: 1 });
  });

  it('beyond what one login may refresh is answered 429 and ends nothing', async () => {
    const COUNT = 200;
    let grant = await login(people[2]);
    for (let spent = 0; spent < PER_MINUTE - 1; spent += 1) {
      grant = await expecting(200, clients[spent % 2]!.refresh(grant.refresh_token));
    }
    const last = await stormOf(grant.refresh_token, COUNT);
    const [successor] = granted(last.answers);
    const beyond = await stormOf(successor!.refresh_token, COUNT);
    expect(statusesOf(last.answers)).toEqual({ 200: COUNT });
    expect(statusesOf(beyond.answers)).toEqual({ 429: COUNT });
    expect(new Set(beyond.answers.map(({ code }) => code))).toEqual(new Set(['rate_limited']));
    for (const client of clients) await expecting(200, client.me(successor!.access_token));
    expect(await familiesOf(database, grant)).toEqual({ families: 1, live_families: 1, decisions: PER_MINUTE });

    await age(database, grant);
    const next = await stormOf(successor!.refresh_token, COUNT);
    expect(statusesOf(next.answers)).toEqual({ 200: COUNT });
    expect(new Set(granted(next.answers).map(identityOf)).size).toBe(1);
  });
});

const granted = (answers: readonly Answer<Grant>[]): Grant[] =>
  answers.filter(({ status }) => status === 200).map(({ body }) => body);

function statusesOf(answers: readonly Answer[]): Record<string, number> {
  const statuses: Record<string, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  return statuses;
}

/** A refresh token of the same kind, for the same login, that was never issued. */
function madeUpFor(grant: Grant): string {
  const [head, claims] = grant.refresh_token.split('.');
  if (claims === undefined) {
    return formatOpaqueToken('refresh', { sessionId: sessionIdOf(grant), secret: randomBytes(32) });
  }
  const known = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object;
  const jti = randomBytes(16).toString('base64url');
  const body = Buffer.from(JSON.stringify({ ...known, jti })).toString('base64url');
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), STRANGE_KEY).toString('base64url');
  return `${head}.${body}.${signature}`;
}

interface Families {
  readonly families: number;
  readonly live_families: number;
  /** Refresh tokens that have a successor. */
  readonly decisions: number;
}

const FAMILIES = `
  WITH family AS (SELECT session_id AS id FROM consumed_refresh_tokens WHERE user_id = $1
                   UNION SELECT id FROM sessions WHERE user_id = $1)
  SELECT count(*)::int AS families,
         count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM revocations r WHERE r.session_id = family.id)
                            AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = family.id AND s.revoked_at IS NOT NULL)
                         )::int AS live_families,
         (SELECT count(*)::int FROM consumed_refresh_tokens WHERE user_id = $1) AS decisions
    FROM family`;

/** All logins of the person whose grant this is, as the database has them. */
function familiesOf(database: TestDatabase, { user }: Grant): Promise<Families> {
  return withClient(database.url, async (client) => (await client.query<Families>(FAMILIES, [user.id])).rows[0]!);
}

/** Lets every refresh of this login look a minute older: windows close, and its minute begins anew. */
function age(database: TestDatabase, login: Grant): Promise<void> {
  return withClient(database.url, async (client) => {
    await client.query(
      `UPDATE consumed_refresh_tokens SET consumed_at = consumed_at - interval '1 minute' WHERE session_id = $1`,
      [sessionIdOf(login)],
    );
  });
}
