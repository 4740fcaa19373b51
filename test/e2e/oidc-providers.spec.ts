import { randomUUID } from 'node:crypto';
import { providerFetch } from '../../src/federation/provider-fetch';
import { HostileProvider } from '../support/hostile-provider';
import { newKey, signed } from '../support/issuer-server';
import { unique } from '../support/test-app';
import { PUBLIC_URL, Visitor } from './oidc-visitor';
import { Service } from './service';

const FAILED = '/?error=federated_login_failed';

/** One fault each, and what a sign-in is answered with. */
const FAULTS: readonly [string, (op: HostileProvider) => void][] = [
  ['another issuer', (op) => (op.metadata = { issuer: 'https://accounts.google.com' })],
  ['an issuer with a slash more', (op) => (op.metadata = { issuer: `${op.issuer}/` })],
  ['no issuer', (op) => (op.metadata = { issuer: undefined })],
  ['an error', (op) => op.paths.set('/.well-known/openid-configuration', { status: 500 })],
  ['a page', (op) => op.paths.set('/.well-known/openid-configuration', { body: '<html>' })],
  [
    'a redirect',
    (op) =>
      op.paths.set('/.well-known/openid-configuration', { status: 302, headers: { location: `${op.issuer}/moved` } }),
  ],
  [
    'more than is read',
    (op) => op.paths.set('/.well-known/openid-configuration', { body: { padding: 'x'.repeat(2_000_000) } }),
  ],
];

/** Where no provider may be, in every spelling that leads there. */
const INSIDE = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0177.0.0.1/',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://0.0.0.0/',
  'https://10.0.0.1/',
  'https://172.16.0.1/',
  'https://192.168.0.1/',
  'https://100.64.0.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://[fe80::1]/',
  'https://[fd00::1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://224.0.0.1/',
  'http://example.com/',
  'file:///etc/passwd',
  'ftp://example.com/',
  'data:text/plain,x',
];

/** The same in every profile: what becomes of a sign-in is told elsewhere. */
describe('providers', () => {
  const op = new HostileProvider();
  const service = new Service({});

  beforeEach(async () => {
    op.reset();
    op.paths.clear();
    await op.start();
  });
  afterEach(async () => {
    await service.stop();
    await op.stop();
  });

  async function start(more: Record<string, string | boolean | readonly string[]> = {}): Promise<void> {
    const one = { issuer: op.issuer, client_id: op.clientId, allow_private_network: true, registration: 'open' };
    const entries = Object.entries({ ...one, ...more });
    const configured = Object.fromEntries(entries.map(([key, value]) => [`federation.oidc.op.${key}`, value]));
    await service.start({ settings: { 'server.public_url': PUBLIC_URL, ...configured } });
  }

  async function signIn(claims: Record<string, unknown> = {}, more: Record<string, string> = {}) {
    op.claims = { sub: randomUUID(), ...claims };
    const visitor = new Visitor(service);
    const { state, nonce, url } = await visitor.begin('op');
    const code = op.code({ nonce: nonce === '' ? undefined : nonce });
    const answer = await visitor.comeBack('op', { code, state, ...more });
    return { visitor, url, location: answer.headers.get('location') };
  }

  it('that are away delay no start, and are asked again when they are back', async () => {
    await op.stop();
    await start();
    expect((await service.http.get('/health/ready')).status).toBe(200);
    const away = await service.http.get('/auth/oidc/op/login');
    expect([away.status, away.code, away.headers.get('retry-after')]).toEqual([503, 'unavailable', '5']);
    await op.start();
    const asked = op.asked.length;
    // For a short while nobody asks: many who come at once must not wait one after the other.
    expect((await service.http.get('/auth/oidc/op/login')).status).toBe(503);
    expect(op.asked).toHaveLength(asked);
    service.clock.advance(5_001);
    expect((await signIn()).location).toBe('/');
  });

  it('are asked for their metadata once by many who come at once', async () => {
    await start();
    await Promise.all(Array.from({ length: 20 }, () => new Visitor(service).begin('op')));
    expect(op.asked.filter((path) => path.includes('well-known'))).toHaveLength(1);
  });

  it('must be who the configuration says: no other issuer, no error, no redirect is taken for metadata', async () => {
    await start();
    for (const [fault, commit] of FAULTS) {
      op.metadata = {};
      op.paths.clear();
      commit(op);
      service.clock.advance(5_001);
      const answer = await service.http.get('/auth/oidc/op/login');
      expect([fault, answer.status, answer.code]).toEqual([fault, 503, 'unavailable']);
    }
    expect(op.asked).not.toContain('/moved');
  });

  it('that fail in the middle of a sign-in make it unavailable, not failed', async () => {
    await start();
    expect((await signIn()).location).toBe('/');
    op.paths.set('/token', { status: 503 });
    expect((await signIn()).location).toBe('/?error=unavailable');
    expect(service.app.logged('federated_login_failed')).toEqual([]);
  });

  it('choose no algorithm: what they announce is not what is taken', async () => {
    op.metadata = { id_token_signing_alg_values_supported: ['none', 'HS256', 'RS384', 'ES256'] };
    await start({ algorithms: ['RS256'] });
    expect((await signIn()).location).toBe(FAILED);
    op.key = newKey('RS256', 'provider');
    service.clock.advance(3_600_001);
    expect((await signIn()).location).toBe('/');
    op.key = newKey('ES256', 'provider');
  });

  it('that name themselves in responses must do so in each, RFC 9207', async () => {
    op.metadata = { authorization_response_iss_parameter_supported: true };
    await start();
    expect((await signIn()).location).toBe(FAILED);
    expect((await signIn({}, { iss: 'https://evil.example' })).location).toBe(FAILED);
    expect((await signIn({}, { iss: op.issuer })).location).toBe('/');
  });

  it('are believed about their own tenant alone', async () => {
    const sub = randomUUID();
    await start({ tenant: 'default', 'claims.tenant': 'org' });
    expect((await signIn({ sub })).location).toBe(FAILED);
    const other = await service.tenant();
    expect((await signIn({ sub, org: other.id })).location).toBe(FAILED);
    expect((await signIn({ sub, org: 'default' })).location).toBe('/');
    const elsewhere = await service.http.get(`/auth/oidc/op/login?tenant_id=${other.id}`);
    expect(elsewhere.code).toBe('not_found');
  });

  it('give administrators only by name', async () => {
    const roles = ['admin', 'platform_admin', 'admin-of-nothing', 'editor', '', 'with space', 'x'.repeat(80)];
    await start({ roles_allowed: ['a*', 'platform*', 'with*', 'x*'] });
    expect((await (await signIn({ roles })).visitor.grant())?.roles).toEqual(['admin-of-nothing']);
    await service.stop();
    await start({ roles_allowed: ['admin', 'platform_admin'], 'claims.tenant': 'org' });
    const other = await service.tenant();
    const there = await (await signIn({ roles, org: other.id })).visitor.grant();
    expect(there?.roles).toEqual(['admin']);
  });

  it('of the kind github tell the account and its primary address by their interface', async () => {
    await start({ type: 'github', link_by_verified_email: true });
    const email = `${unique('octo')}@example.com`;
    op.idToken = () => undefined;
    op.paths.set('/login/oauth/access_token', { body: { access_token: 'gh', token_type: 'bearer', scope: 'x' } });
    const account = (id: unknown, verified: unknown): void => {
      op.paths.set('/api/v3/user', { body: { id, login: unique('octo'), name: 'João Conceição' } });
      const others = { email: 'other@example.com', primary: false, verified: true };
      op.paths.set('/api/v3/user/emails', { body: [others, { email, primary: true, verified }] });
    };
    account(7, true);
    const first = await signIn({}, { iss: `${op.issuer}/login/oauth` });
    expect(first.location).toBe('/');
    expect(Object.fromEntries(first.url.searchParams)).toMatchObject({
      code_challenge_method: 'S256',
      scope: 'read:user user:email',
    });
    const user = await first.visitor.grant();
    expect(user).toMatchObject({ email, name: 'João Conceição' });
    account(8, 'true');
    const other = await (await signIn()).visitor.grant();
    expect([other?.['email'], other?.id === user?.id]).toEqual([null, false]);
    for (const id of ['7', null, 7.5, [7], undefined]) {
      account(id, true);
      expect((await signIn()).location).toBe(FAILED);
    }
  });

  it('that publish no key sign nobody out', async () => {
    await start();
    op.paths.set('/jwks', { body: { keys: 'none' } });
    const raw = new URLSearchParams({ logout_token: op.logoutToken() }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await service.http.post('/auth/oidc/op/backchannel-logout', { raw, headers })).status).toBe(503);
    op.paths.clear();
    const forged = new URLSearchParams({
      logout_token: signed(newKey('ES256', 'x'), op.goodClaims({ jti: 'x' }), { typ: 'logout+jwt' }),
    }).toString();
    const answer = await service.http.post('/auth/oidc/op/backchannel-logout', { raw: forged, headers });
    expect(answer.status).toBe(400);
  });
});

describe('what providers name', () => {
  const get = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const;

  it.each(INSIDE)('is not asked for inside this network: %s', async (url) => {
    const fetch = providerFetch({ allowPrivate: false, allowHttp: false });
    await expect(fetch(url, get)).rejects.toThrow(/no address/);
  });

  it('is not asked for where its name leads inside this network', async () => {
    const fetch = providerFetch({ allowPrivate: false, allowHttp: false });
    const cause = new Error('localhost is in a private network');
    await expect(fetch('https://localhost/', get)).rejects.toMatchObject({ name: 'ProviderUnreachable', cause });
  });

  it('is asked for by https alone where only private networks are allowed', async () => {
    const fetch = providerFetch({ allowPrivate: true, allowHttp: false });
    await expect(fetch('http://127.0.0.1:9/', get)).rejects.toThrow(/no address/);
  });
});
