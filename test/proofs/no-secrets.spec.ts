import { randomBytes } from 'node:crypto';
import { encodeBase62 } from '../../src/common/base62';
import { RootKeys } from '../../src/keys/root-keys';
import { unseal } from '../../src/keys/sealed-box';
import { report } from '../support/figures';
import type { Answer } from '../support/http-client';
import { canary, expectGrant, RecordedRun } from '../support/recorded-run';
import { dumpOf, replayable, SecretHunt, stringsOf, type DatabaseDump } from '../support/secret-hunt';
import { sessionIdOf, type Grant } from '../support/service-client';
import { startService, type Profile, type Settings } from '../support/service-process';
import { createTestDatabase, withClient } from '../support/test-database';
import { until } from '../support/until';

const AT_A_TIME = 8;
const INJECTED = 'x\r\n{"level":"fatal","forged":true}\n';

const LATCHKEY_SECRET = canary('root-secret-of-thirty-two-bytes');
const JWT_SECRET = canary('jwt-secret-of-thirty-two-bytes');
const ROOTS = new RootKeys(LATCHKEY_SECRET);
const RUNS: readonly (readonly [Profile, Settings])[] = [
  ['stateful', {}],
  ['tracked', { JWT_SECRET }],
  ['denylist', {}],
  ['none', { JWT_SECRET }],
];

describe('the hunt itself', () => {
  const hunt = new SecretHunt();
  const secret = randomBytes(32);
  const text = `${canary('text')} "\\/é%`;
  hunt.add('bytes', secret);
  hunt.add('text', text);

  it('finds bytes in every encoding, wherever they stand in it', () => {
    const shifted = Buffer.concat([Buffer.from('xy'), secret, Buffer.from('z')]);
    const written = [
      secret.toString('hex'),
      encodeBase62(secret),
      ...[secret, shifted, shifted.subarray(1)].flatMap((bytes) => [
        bytes.toString('base64'),
        bytes.toString('base64url'),
      ]),
      JSON.stringify(secret),
    ];
    expect(written.filter((spelling) => hunt.findIn(`before ${spelling} after`).length !== 1)).toEqual([]);
    expect(hunt.findIn(randomBytes(4_096).toString('base64'))).toEqual([]);
  });

  it('finds text however it was escaped', () => {
    const written = [
      text,
      JSON.stringify({ text }),
      JSON.stringify(JSON.stringify({ text })),
      encodeURIComponent(text),
    ];
    expect(written.filter((spelling) => hunt.findIn(`before ${spelling} after`).length === 0)).toEqual([]);
  });

  it('finds both in a database, in text and in bytes', async () => {
    const database = await createTestDatabase();
    await withClient(database.url, async (client) => {
      await client.query('UPDATE tenants SET name = $1', [`before ${text} after`]);
      await client.query(`INSERT INTO login_attempts (account_key, expires_at) VALUES ($1, now())`, [
        Buffer.concat([Buffer.from('before'), secret]),
      ]);
    });
    const { text: dump } = await dumpOf(database.url);
    await database.drop();
    expect(hunt.findIn(dump).map((found) => found.split(' ')[0])).toEqual(expect.arrayContaining(['bytes', 'text']));
  });
});

describe.each(RUNS)('a run with everything that can go wrong: %s', (profile, settings) => {
  let run: RecordedRun;
  let dump: DatabaseDump;
  let lines: readonly string[];
  let living: Grant;

  beforeAll(async () => {
    run = await begin(profile, settings);
    await goesRight(run);
    await goesWrong(run);
    await hasSecretsInWrongPlaces(run);
    await losesItsDatabase(run);
    living = await run.grant();
    dump = await dumpOf(run.database.url);
    lines = [...run.service.output];
  }, 60_000);

  afterAll(async () => {
    await run.service.stop();
    await run.database.drop();
  }, 30_000);

  it('keeps no secret in its database', () => {
    expect(dump.tables.length).toBeGreaterThan(7);
    expect(run.hunt.findIn(dump.text)).toEqual([]);
  });

  it('writes no secret to its log, and repeats none in an answer', () => {
    expect(run.hunt.findIn(lines.join('\n'))).toEqual([]);
    expect(lines.join('\n')).not.toMatch(/\$2[aby]\$|\$argon2/);
    expect(run.hunt.findIn(run.refusals.join('\n'))).toEqual([]);
  });

  it('writes every line as one JSON object, with the id of its request', () => {
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(parsed.filter((line) => 'forged' in line)).toEqual([]);
    const ready = parsed.findIndex(({ event }) => event === 'listening');
    const homeless = parsed.slice(ready + 1).filter((line) => !run.requestIds.has(String(line['request_id'])));
    expect(homeless.filter((line) => !BESIDE_REQUESTS.test(String(line['event'] ?? line['msg'])))).toEqual([]);
  });

  it('keeps and writes nothing that could be replayed as a token', async () => {
    const found = { strings: new Set([...dump.strings, ...stringsOf(lines)]), bytes: dump.bytes };
    const tokens = replayable(found, [...new Set(run.grants.map(sessionIdOf))]);
    const access = await statusesOf([...tokens.access].filter(isHeaderText), (token) => run.me(token));
    const refresh = await statusesOf([...tokens.refresh], (token) => run.refresh(token));
    report({
      proof: 'no-secrets',
      promise: 'Nothing in a database dump or a log can be replayed, and no secret of the run occurs in them',
      setting: profile,
      figures: {
        spellings_looked_for: run.hunt.size,
        dump_characters: dump.text.length,
        log_lines: lines.length,
        replayed_as_access_token: tokens.access.size,
        replayed_as_refresh_token: tokens.refresh.size,
        accepted: (access[200] ?? 0) + (refresh[200] ?? 0),
      },
    });
    expect(Object.keys(access)).toEqual(['401']);
    expect(Object.keys(refresh).filter((status) => status !== '400')).toEqual(['401']);
    // The attempts ended nobody's login either, and what they lacked was only the right token.
    expect((await run.me(living.access_token)).status).toBe(200);
    expectGrant(await run.refresh(living.refresh_token));
  }, 60_000);
});

const BESIDE_REQUESTS =
  /^(stopping|feed_lost|feed_restored|cleanup_finished|password_hashed|mail_sent|mail_deferred|mail_failed|Lost an idle database connection|a letter could not be written; it is tried again)$/;

async function begin(profile: Profile, settings: Settings): Promise<RecordedRun> {
  const database = await createTestDatabase();
  const url = new URL(database.url);
  if (url.password === '') url.password = canary('database-password');
  // In development the command line greets its user, which is no log.
  const levels = { NODE_ENV: 'test', LATCHKEY__LOG__LEVEL: 'trace', LATCHKEY__AUTH__REGISTRATION: 'open' };
  const service = await startService({
    databaseUrl: url.href,
    profile,
    settings: { ...levels, LATCHKEY__AUTH__SESSION__MAX_LOGIN_ATTEMPTS: '100', LATCHKEY_SECRET, ...settings },
  });
  const run = new RecordedRun(service, database);
  const configured = { LATCHKEY_SECRET, JWT_SECRET, 'database password': url.password, password: run.password };
  for (const [name, secret] of Object.entries(configured)) run.hunt.add(name, secret);
  for (const purpose of ['lockout', 'refresh-lineage', 'signing-keys']) run.hunt.add(purpose, ROOTS.derive(purpose));
  await huntSigningKeys(run);
  return run;
}

async function huntSigningKeys({ database, hunt }: RecordedRun): Promise<void> {
  const { rows } = await withClient(database.url, (client) =>
    client.query<{ id: string; sealed: Buffer }>('SELECT id, sealed FROM signing_keys'),
  );
  for (const { id, sealed } of rows)
    hunt.add('signing key', unseal(ROOTS.derive('signing-keys'), sealed, id) as Buffer);
}

async function goesRight(run: RecordedRun): Promise<void> {
  expect((await run.register(run.password)).status).toBe(202);
  expect((await run.register(run.password)).status).toBe(202);
  const first = await run.grant();
  expect((await run.me(first.access_token)).status).toBe(200);
  await run.send('GET', '/auth/sessions', { token: first.access_token });
  const second = expectGrant(await run.refresh(first.refresh_token));
  expectGrant(await run.refresh(first.refresh_token));
  expectGrant(await run.refresh(second.refresh_token));
  await run.refresh(first.refresh_token);
  const leaving = await run.grant();
  expect((await run.send('POST', '/auth/logout', { token: leaving.access_token })).status).toBe(200);
  await run.me(leaving.access_token);
  await run.refresh(leaving.refresh_token);
}

async function goesWrong(run: RecordedRun): Promise<void> {
  expect((await run.login(run.secret('wrong-password'))).status).toBe(401);
  expect((await run.register('short')).status).toBe(422);
  const nobody = { email: 'nobody@example.com', password: run.secret('password-of-nobody') };
  expect((await run.send('POST', '/auth/login', { json: nobody })).status).toBe(401);
  const { access_token: token } = await run.grant();
  for (const wrong of [token.slice(0, -1), `${token}x`, token.toUpperCase()]) {
    expect((await run.me(wrong)).status).toBe(401);
    await run.refresh(wrong);
  }
}

/** A person or a program that puts what is secret where it does not belong. */
async function hasSecretsInWrongPlaces(run: RecordedRun): Promise<void> {
  const { password, email } = run;
  const { access_token: token, refresh_token: other } = await run.grant();
  const basic = Buffer.from(`${email}:${password}`).toString('base64');
  const bodies = [
    { email: password, password: token },
    { username: token, password: other },
    { username: INJECTED, password },
    { email, password, tenant_id: token, mfa_code: other },
    { email, password: [password] },
  ];
  for (const json of bodies) expect((await run.send('POST', '/auth/login', { json })).status).toBeLessThan(500);
  for (const path of ['me?access_token=', 'me/', 'sessions/', `me?${encodeURIComponent(INJECTED)}=`]) {
    await run.send('GET', `/auth/${path}${token}`);
    await run.send('DELETE', `/auth/${path}${token}`, { token: other });
  }
  await run.send('POST', `/auth/login?password=${encodeURIComponent(password)}`, { json: {} });
  for (const authorization of [`Basic ${basic}`, token, `Bearer ${token} ${other}`, `Bearer "${token}"`]) {
    await run.send('GET', '/auth/me', { headers: { authorization } });
  }
  const headers = { cookie: `access=${token}; refresh=${other}`, referer: `https://example.com/?token=${token}` };
  await run.send('GET', '/auth/me', { headers });
  await run.send('GET', '/auth/me', { headers: { 'user-agent': '{"forged":true}\\n' } });
  const json = JSON.stringify({ email, password });
  for (const raw of [
    json.slice(0, -1),
    `${json}}`,
    json.replace(',', ',,'),
    `${json.slice(0, -1)},"email":"${token}"}`,
  ]) {
    expect((await run.send('POST', '/auth/login', { raw })).status).toBe(400);
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    await run.send('POST', '/auth/login', { raw: json, headers: { 'content-type': type } });
  }
  await run.send('POST', '/auth/login', { json: { email, password: password.repeat(5_000) } });
  for (const wrong of [password, token, { token: other }, [other], INJECTED]) await run.refresh(wrong);
  // The answer names a property that is not known, to whoever sent it; the log must not.
  await run.raw(loginWith(run.requestId(), JSON.stringify({ email, password, [password]: token })));
  await run.raw(`GET /auth/me?${token} HTTP/1.1\r\nauthorization Bearer ${token}\r\n\r\n`);
  await run.raw(`${token} ${password}\r\n\r\n`);
}

function loginWith(requestId: string, body: string): string {
  const headers = ['host: localhost', 'connection: close', 'content-type: application/json'];
  const facts = [`x-request-id: ${requestId}`, `content-length: ${Buffer.byteLength(body)}`];
  return ['POST /auth/login HTTP/1.1', ...headers, ...facts, '', body].join('\r\n');
}

/** Takes the one database away, in the middle of everything, and gives it back. */
async function losesItsDatabase(run: RecordedRun): Promise<void> {
  const grant = await run.grant();
  const { name, url } = run.database;
  const server = new URL(url);
  server.pathname = '/postgres';
  await withClient(server.href, async (admin) => {
    await admin.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    expect((await run.login()).status).toBe(503);
    expect((await run.refresh(grant.refresh_token)).status).toBe(503);
    expect((await run.register(run.secret('password-in-the-outage'))).status).toBe(503);
    await run.me(grant.access_token);
    await run.send('POST', '/auth/logout', { token: grant.access_token });
    await admin.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`);
  });
  await until('the service is ready again', async () => (await run.send('GET', '/health/ready')).status === 200);
}

function isHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e]+$/.test(text) && text.length < 8_000;
}

/** How often each status answered. */
async function statusesOf(
  tokens: readonly string[],
  attempt: (token: string) => Promise<Answer<unknown>>,
): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  const rest = tokens.values();
  const worker = async (): Promise<void> => {
    for (const token of rest) {
      const { status } = await attempt(token);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return statuses;
}
