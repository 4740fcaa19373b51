import { setTimeout as pause } from 'node:timers/promises';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { ConnectionWatch, readJwk, type JwtAlgorithm } from '@latchkey/nest';
import { KeyChanges } from '../../src/keys/key-changes.service';
import { KeyCabinet } from '../../src/keys/key-cabinet';
import { KeyKeeper } from '../../src/keys/key-keeper';
import { stateOf, type KeyState } from '../../src/keys/key-life';
import { KeyRing } from '../../src/keys/key-ring';
import { openStream } from '../support/live-stream';
import { adapterOf, LoungeModule } from '../support/lounge.module';
import { PROFILES } from '../support/profiles';
import { startService } from '../support/service-process';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { DAY, HOUR, JWT_SECRET, MINUTE, SECOND, startTestApp, type Settings } from '../support/test-app';
import { until } from '../support/until';
import { Service, useService } from './service';

/** Without the secret that tests are given otherwise. */
const PAIRS: Settings = { 'auth.mode': 'stateless', 'auth.jwt.secret': '' };
const KEY_PAIRS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

interface Jwks {
  readonly keys: readonly (Readonly<Record<string, string>> & { kid: string })[];
}

const headerOf = (token: string): { alg: string; kid: string } =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { alg: string; kid: string };

async function jwksOf(service: Service): Promise<Jwks> {
  return (await service.http.get<Jwks>('/.well-known/jwks.json')).body;
}

async function statesOf(service: Service): Promise<Record<string, KeyState>> {
  const lives = await service.app.provider(KeyCabinet).lives();
  return Object.fromEntries(lives.map((life) => [life.id, stateOf(life, service.clock.now())]));
}

const tend = (service: Service): Promise<void> => service.app.provider(KeyKeeper).tend();
const signingId = (service: Service): string => service.app.provider(KeyRing).signing.id;

describe.each(KEY_PAIRS)('a fleet that signs with %s', (algorithm) => {
  const service = useService({ settings: { ...PAIRS, 'auth.jwt.algorithm': algorithm } });

  it('publishes what checks its tokens, and nothing that signs', async () => {
    const { grant } = await service.signedIn();
    const jwks = await jwksOf(service);
    expect(headerOf(grant.access_token)).toEqual({ alg: algorithm, typ: 'at+jwt', kid: jwks.keys[0]?.kid });
    const { payload } = await jwtVerify(grant.access_token, createLocalJWKSet(jwks as never), {
      issuer: 'latchkey',
      audience: 'latchkey-api',
      typ: 'at+jwt',
      algorithms: [algorithm],
    });
    expect(payload['tenant_id']).toBe(grant.user.tenant_id);
    const members = ['kty', 'kid', 'use', 'alg', 'n', 'e', 'crv', 'x', 'y'];
    for (const key of jwks.keys) {
      expect(Object.keys(key).filter((name) => !members.includes(name))).toEqual([]);
      expect(readJwk(key, [algorithm as JwtAlgorithm])).toMatchObject({ id: key.kid, algorithm });
    }
  });

  it('accepts its own access and refresh tokens', async () => {
    const { grant } = await service.signedIn();
    expect((await service.me(grant.access_token)).status).toBe(200);
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
  });
});

describe('the published keys', () => {
  const service = useService({ settings: { ...PAIRS, 'auth.jwt.keys.jwks_max_age': '10m' } });

  it('may be kept as long as configured, and are not sent twice', async () => {
    const first = await service.http.get('/.well-known/jwks.json');
    expect(first.headers.get('cache-control')).toBe('public, max-age=600');
    const etag = first.headers.get('etag') as string;
    for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await service.http.get('/.well-known/jwks.json', { headers: { 'if-none-match': condition } });
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    const other = await service.http.get('/.well-known/jwks.json', { headers: { 'if-none-match': '"other"' } });
    expect(other.status).toBe(200);
  });

  it('are never a secret', async () => {
    const symmetric = await startTestApp({ settings: { 'auth.mode': 'stateless' } });
    try {
      const { status, text } = await symmetric.http.get('/.well-known/jwks.json');
      expect([status, text]).toEqual([200, '{"keys":[]}']);
    } finally {
      await symmetric.close();
    }
  });

  it('are found by the metadata, under the public URL and the base path', async () => {
    const settings = { ...PAIRS, 'server.public_url': 'https://id.example.com', 'server.base_path': '/auth-svc' };
    const prefixed = await startTestApp({ settings });
    try {
      const { body } = await prefixed.http.get<Record<string, unknown>>('/.well-known/oauth-authorization-server');
      expect(body).toMatchObject({
        issuer: 'latchkey',
        jwks_uri: 'https://id.example.com/auth-svc/.well-known/jwks.json',
        token_endpoint: 'https://id.example.com/auth-svc/oauth/token',
        introspection_endpoint: 'https://id.example.com/auth-svc/oauth/introspect',
        revocation_endpoint: 'https://id.example.com/auth-svc/oauth/revoke',
        grant_types_supported: ['client_credentials'],
      });
      expect((await prefixed.http.get('/.well-known/jwks.json')).status).toBe(200);
    } finally {
      await prefixed.close();
    }
  });
});

describe('a key', () => {
  const service = useService({
    settings: { ...PAIRS, 'auth.jwt.algorithm': 'ES256' },
    extend: [LoungeModule.of('ws')],
    prepare: adapterOf('ws'),
  });

  it('is published ahead, signs, and is retired when the last token of it has expired', async () => {
    const first = signingId(service);
    const old = await service.signedIn();
    service.clock.advance(90 * DAY - HOUR);
    await tend(service);
    const states = await statesOf(service);
    const second = Object.keys(states).find((id) => id !== first) as string;
    expect(states).toEqual({ [first]: 'signing', [second]: 'published' });
    expect((await jwksOf(service)).keys.map(({ kid }) => kid)).toEqual([first, second]);
    const late = await service.signedIn();
    expect(headerOf(late.grant.access_token).kid).toBe(first);

    service.clock.advance(HOUR + 5 * SECOND);
    await tend(service);
    expect(signingId(service)).toBe(second);
    expect((await statesOf(service))[first]).toBe('retiring');
    const refreshed = await service.refresh(late.grant.refresh_token);
    expect([refreshed.status, headerOf(refreshed.body.access_token).kid]).toEqual([200, second]);
    const later = await service.signedIn();
    expect(old.grant.access_token).not.toBe(later.grant.access_token);

    service.clock.advance(16 * MINUTE);
    await tend(service);
    expect((await statesOf(service))[first]).toBe('refresh_only');
    expect((await jwksOf(service)).keys.map(({ kid }) => kid)).toEqual([second]);

    service.clock.advance(30 * DAY);
    await tend(service);
    expect((await statesOf(service))[first]).toBe('retired');
    // A process whose clock runs ahead refuses the key, and leaves it to the others.
    expect(await sealedLengthOf(first)).toBeGreaterThan(0);
    await withClient(service.app.database.url, (client) =>
      client.query('UPDATE signing_keys SET verifies_until = now() WHERE id = $1', [first]),
    );
    await tend(service);
    expect(await sealedLengthOf(first)).toBe(0);
  });

  const sealedLengthOf = (id: string): Promise<number | undefined> =>
    withClient(service.app.database.url, async (client) => {
      const sql = 'SELECT length(sealed) AS length FROM signing_keys WHERE id = $1';
      return (await client.query<{ length: number }>(sql, [id])).rows[0]?.length;
    });

  it('verifies refresh tokens until the longest login ends, access tokens only while they may live', async () => {
    const { grant } = await service.signedIn();
    const { kid } = headerOf(grant.refresh_token);
    await service.app.provider(KeyChanges).rotate({ atOnce: true });
    service.clock.advance(5 * SECOND);
    await tend(service);
    service.clock.advance(HOUR);
    await tend(service);
    expect((await statesOf(service))[kid]).toBe('refresh_only');
    expect(service.app.provider(KeyRing).find(kid, 'access')).toBeNull();
    expect((await service.refresh(grant.refresh_token)).status).toBe(200);
  });

  it('is refused at once when it is retired by hand, remembered tokens included', async () => {
    const { grant } = await service.signedIn();
    const kid = signingId(service);
    for (let i = 0; i < 3; i += 1) expect((await service.me(grant.access_token)).status).toBe(200);
    const changes = service.app.provider(KeyChanges);
    await expect(changes.retire(kid)).rejects.toMatchObject({ code: 'conflict' });
    await expect(changes.retire('unknown')).rejects.toMatchObject({ code: 'not_found' });
    await changes.rotate();
    await expect(changes.rotate()).rejects.toMatchObject({ code: 'conflict' });
    await changes.rotate({ atOnce: true });
    await changes.retire(kid);
    await tend(service);
    expect((await service.me(grant.access_token)).code).toBe('invalid_token');
    expect((await service.refresh(grant.refresh_token)).code).toBe('invalid_grant');
    expect((await jwksOf(service)).keys.map((key) => key.kid)).not.toContain(kid);
    expect((await service.me((await service.signedIn()).grant.access_token)).status).toBe(200);
    await expect(changes.retire(kid)).rejects.toMatchObject({ code: 'not_found' });
    expect(service.app.logged('signing_key_retired').at(-1)).toMatchObject({ key_id: kid, reason: 'operator' });
  });

  it('ends the connections whose token it signed, and no others', async () => {
    const watch = service.app.provider(ConnectionWatch);
    const early = await openStream(`${service.app.url}/lounge/events`, (await service.signedIn()).grant.access_token);
    const kid = signingId(service);
    const changes = service.app.provider(KeyChanges);
    await changes.rotate({ atOnce: true });
    service.clock.advance(5 * SECOND);
    await tend(service);
    const { grant } = await service.signedIn();
    expect(headerOf(grant.access_token).kid).not.toBe(kid);
    const late = await openStream(`${service.app.url}/lounge/events`, grant.access_token);
    expect(watch.size).toBe(2);
    await changes.retire(kid);
    await tend(service);
    await early.ended;
    expect(early.events.at(-1)).toEqual({ type: 'revoked', data: '{"code":"token_revoked"}' });
    expect([watch.size, late.isOpen]).toEqual([1, true]);
    late.close();
  });

  it('is destroyed when it is retired', async () => {
    const { rows } = await withClient(service.app.database.url, (client) =>
      client.query<{ length: number }>('SELECT length(sealed) FROM signing_keys WHERE retired_at IS NOT NULL'),
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every(({ length }) => length === 0)).toBe(true);
  });

  it('is made once, however many processes announce the next at the same moment', async () => {
    const before = Object.keys(await statesOf(service)).length;
    service.clock.advance(90 * DAY);
    const others = await Promise.all(
      [1, 2].map(() =>
        startTestApp({ settings: { ...PAIRS, 'auth.jwt.algorithm': 'ES256' }, database: service.app.database }),
      ),
    );
    try {
      for (const { clock } of others) clock.advance(service.clock.now() - clock.now());
      await Promise.all([tend(service), ...others.map((other) => other.provider(KeyKeeper).tend())]);
      const states = Object.values(await statesOf(service));
      expect([states.length, states.filter((state) => state === 'published')]).toEqual([before + 1, ['published']]);
    } finally {
      for (const other of others) await other.close();
    }
  });
});

describe.each(PROFILES.filter(({ row }) => row.access_token === 'jwt'))('a retired key, $name', (profile) => {
  const service = useService({ settings: { ...profile.settings, 'auth.jwt.secret': '' } });

  it('ends the tokens that it signed, and no others', async () => {
    const old = await service.signedIn();
    const kid = signingId(service);
    for (let i = 0; i < 3; i += 1) expect((await service.me(old.grant.access_token)).status).toBe(200);
    const changes = service.app.provider(KeyChanges);
    const next = await changes.rotate({ atOnce: true });
    service.clock.advance(5 * SECOND);
    await tend(service);
    const young = await service.signedIn(old.person);
    expect(headerOf(young.grant.access_token).kid).toBe(next.id);
    await changes.retire(kid);
    await tend(service);
    expect((await service.me(old.grant.access_token)).code).toBe('invalid_token');
    expect((await service.me(young.grant.access_token)).status).toBe(200);
    const refreshed = await service.refresh(old.grant.refresh_token);
    expect(refreshed.code).toBe(profile.row.refresh_token === 'jwt' ? 'invalid_grant' : '200');
  });
});

describe('a key that another process made a moment ago', () => {
  let proxy: TcpProxy;
  const settings = { ...PAIRS, 'auth.jwt.algorithm': 'EdDSA' };
  const service = useService({ settings });
  let other: Service;

  beforeAll(async () => {
    proxy = await startTcpProxy(service.app.database.url);
    const { database } = service.app;
    // Behind the proxy, and with the same root secret.
    const secret = `root key of ${database.url.split('/').at(-1)}, thirty-two bytes and more`;
    other = new Service({
      settings: { ...settings, 'auth.secret': secret },
      database: { ...database, url: proxy.url },
    });
    await other.start();
  });

  afterAll(async () => {
    await other.stop();
    await proxy.close();
  });

  /** A token of a key that only `service` has read so far. */
  async function tokenOfNewKey(): Promise<string> {
    const changes = service.app.provider(KeyChanges);
    const old = signingId(service);
    await changes.rotate();
    await changes.retire(old);
    await tend(service);
    return (await service.signedIn()).grant.access_token;
  }

  it('is looked for, so that its tokens are understood at once', async () => {
    for (let i = 0; i < 3; i += 1) {
      expect((await other.me(await tokenOfNewKey())).status).toBe(200);
      await pause(1_100);
    }
  });

  it('is not called wrong while the database cannot be asked', async () => {
    proxy.cut();
    const token = await tokenOfNewKey();
    await until('the ring is too old', async () => (await other.me(token)).code === 'unavailable');
    proxy.restore();
    await until('the key is known', async () => (await other.me(token)).status === 200);
  });
});

describe('changing how tokens are signed', () => {
  let database: TestDatabase;
  let running: Service[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    for (const service of running) await service.stop();
    running = [];
    await database.drop();
  });

  async function started(settings: Settings): Promise<Service> {
    const service = new Service({ settings: { 'auth.mode': 'stateless', ...settings }, database });
    await service.start();
    running.push(service);
    return service;
  }

  const CHANGES: readonly (readonly [string, Settings, Settings])[] = [
    ['from a secret to key pairs', { 'auth.jwt.secret': JWT_SECRET }, { 'auth.jwt.secret': '' }],
    ['from key pairs to a secret', { 'auth.jwt.secret': '' }, { 'auth.jwt.secret': JWT_SECRET }],
    ['from one secret to another', {}, { 'auth.jwt.secret': `another ${JWT_SECRET}` }],
    [
      'from RS256 to EdDSA',
      { 'auth.jwt.secret': '', 'auth.jwt.algorithm': 'RS256' },
      { 'auth.jwt.secret': '', 'auth.jwt.algorithm': 'EdDSA' },
    ],
    ['from HS256 to HS512', {}, { 'auth.jwt.algorithm': 'HS512' }],
    ['from a secret to ES256 beside it', {}, { 'auth.jwt.algorithm': 'ES256' }],
  ];

  it.each(CHANGES)('logs nobody out: %s, also while both kinds of process run', async (_, before, after) => {
    const old = await started(before);
    const { person, grant } = await old.signedIn();
    const young = await started(after);
    expect((await young.me(grant.access_token)).status).toBe(200);
    const crossed = await young.refresh(grant.refresh_token);
    expect(crossed.status).toBe(200);
    const { grant: fresh } = await young.signedIn(person);
    for (const token of [crossed.body.access_token, fresh.access_token]) {
      expect([(await young.me(token)).status, (await old.me(token)).status]).toEqual([200, 200]);
    }
    await old.stop();
    expect((await young.refresh(crossed.body.refresh_token)).status).toBe(200);
    expect((await young.refresh(fresh.refresh_token)).status).toBe(200);
  });

  it('takes effect when readers have had the time to learn the new key', async () => {
    const old = await started({ 'auth.jwt.secret': '' });
    await old.stop();
    const young = await started({ 'auth.jwt.secret': '', 'auth.jwt.algorithm': 'EdDSA' });
    expect(headerOf((await young.signedIn()).grant.access_token).alg).toBe('RS256');
    young.clock.advance(HOUR + 5 * SECOND);
    expect(headerOf((await young.signedIn()).grant.access_token).alg).toBe('EdDSA');
  });

  it('is not undone by retiring the new key: what was given up signs nothing', async () => {
    const old = await started({});
    await old.stop();
    const young = await started({ 'auth.jwt.secret': '' });
    young.clock.advance(HOUR + 5 * SECOND);
    await tend(young);
    expect(headerOf((await young.signedIn()).grant.access_token).alg).toBe('RS256');
    const changes = young.app.provider(KeyChanges);
    await expect(changes.retire(signingId(young))).rejects.toMatchObject({ code: 'conflict' });
  });

  it('to a new root secret seals every key anew, and its predecessor is not needed any more', async () => {
    const old = await started({ 'auth.jwt.secret': '', 'auth.secret': 'the first root secret, long enough' });
    const { grant } = await old.signedIn();
    const kid = signingId(old);
    await old.stop();
    const secret = 'the second root secret, long enough';
    const both = { 'auth.secret': secret, 'auth.previous_secrets': ['the first root secret, long enough'] };
    await (await started({ 'auth.jwt.secret': '', ...both })).stop();
    const young = await started({ 'auth.jwt.secret': '', 'auth.secret': secret });
    expect(signingId(young)).toBe(kid);
    expect((await young.me(grant.access_token)).status).toBe(200);
  });

  it('to a root secret that does not know the keys stops the start', async () => {
    await (await started({ 'auth.jwt.secret': '' })).stop();
    const start = startService({ databaseUrl: database.url, profile: 'denylist' });
    await expect(start).rejects.toThrow('sealed with another root secret');
  });

  it('to a secret that was retired stops the start', async () => {
    const settings = { JWT_SECRET };
    const old = await startService({ databaseUrl: database.url, profile: 'denylist', settings });
    await old.stop();
    await withClient(database.url, (client) => client.query('UPDATE signing_keys SET retired_at = now()'));
    const start = startService({ databaseUrl: database.url, profile: 'denylist', settings });
    await expect(start).rejects.toThrow('was retired');
  });
});
