import { randomUUID } from 'node:crypto';
import { HostileProvider } from '../support/hostile-provider';
import { IdentityProvider, type ProviderAccount } from '../support/identity-provider';
import { newKey, signed } from '../support/issuer-server';
import { PROFILES } from '../support/profiles';
import { DAY, HOUR, MINUTE, unique } from '../support/test-app';
import { withClient } from '../support/test-database';
import { ClubModule } from './club.module';
import { PUBLIC_URL, Visitor } from './oidc-visitor';
import { FOR_CLIENTS, GUARDED, requestOf } from './routes';
import { claimsOf, Service } from './service';

const ACCESS = '__Host-lk_at';
const REFRESH = '__Secure-lk_provider_refresh';
const IDENTITY = '__Secure-lk_provider_id';
const SECRET = 'a secret of the client & some signs +';

interface ProviderMe {
  readonly user: Readonly<Record<string, unknown>>;
  readonly issuer: string;
  readonly id_token_claims: Readonly<Record<string, unknown>> | null;
}

type Setting = string | boolean | readonly string[];

function configured(name: string, settings: Record<string, Setting>): Record<string, Setting> {
  const common = { client_id: 'app-shop', pass_through: true, allow_private_network: true };
  const entries = Object.entries({ ...common, ...settings });
  return Object.fromEntries(entries.map(([key, value]) => [`federation.oidc.${name}.${key}`, value]));
}

const provider = new IdentityProvider([
  {
    client_id: 'app-shop',
    client_secret: SECRET,
    redirect_uris: [`${PUBLIC_URL}/auth/oidc/shop/callback`],
    grant_types: ['authorization_code', 'refresh_token'],
    post_logout_redirect_uris: [`${PUBLIC_URL}/`],
  },
]);

beforeAll(() => provider.start());
afterAll(() => provider.stop());

describe.each(PROFILES)('a provider whose tokens are passed through, $name', ({ settings }) => {
  const service = new Service({ extend: [ClubModule] });
  let account: ProviderAccount;
  let shop: Record<string, Setting>;

  beforeAll(async () => {
    const facts = { type: 'keycloak', issuer: provider.issuer, client_secret: SECRET };
    shop = { ...(settings as Record<string, Setting>), 'server.public_url': PUBLIC_URL, ...configured('shop', facts) };
    await service.start({ settings: shop });
  });

  afterAll(() => service.stop());

  beforeEach(async () => {
    account = {
      sub: randomUUID(),
      tenant_id: 'loja-são-paulo',
      email: `${unique('joao')}@exemplo.com.br`,
      email_verified: true,
      name: 'João Conceição',
      preferred_username: unique('joao'),
      realm_access: { roles: ['admin', 'offline_access'] },
      resource_access: { 'app-shop': { roles: ['vendor'] }, elsewhere: { roles: ['admin', 'foreign'] } },
    };
    await provider.signsIn(account);
  });

  async function signedIn(visitor = new Visitor(service), query: Record<string, string> = {}): Promise<Visitor> {
    const answer = await visitor.get(await visitor.signInAt(await visitor.begin('shop', query)));
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/']);
    return visitor;
  }

  const me = async (visitor: Visitor) => (await visitor.get('/auth/me')).body as unknown as ProviderMe;

  it('keeps its tokens in the browser, and nothing of the login here', async () => {
    const visitor = await signedIn();
    expect(visitor.jar.names.sort()).toEqual([ACCESS, IDENTITY, REFRESH].sort());
    expect(claimsOf(visitor.accessToken ?? '')).toMatchObject({ iss: provider.issuer, sub: account.sub });
    const { user, issuer, id_token_claims: idToken } = await me(visitor);
    expect(issuer).toBe(provider.issuer);
    expect(user).toEqual({
      id: account.sub,
      tenant_id: 'loja-são-paulo',
      email: account.email,
      username: account['preferred_username'],
      name: 'João Conceição',
      roles: ['vendor'],
    });
    expect(idToken).toMatchObject({ sub: account.sub, aud: 'app-shop', name: 'João Conceição', email: account.email });
    const kept = await withClient(service.app.database.url, (client) =>
      client.query(`SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM sessions)
                         + (SELECT count(*) FROM federated_identities) AS rows`),
    );
    expect(kept.rows).toEqual([{ rows: '0' }]);
  });

  it('sets cookies that no script reads, for as long as the login was to be remembered', async () => {
    for (const remember of ['true', 'false']) {
      const visitor = new Visitor(service);
      const answer = await visitor.get(await visitor.signInAt(await visitor.begin('shop', { remember })));
      const written = answer.headers.getSetCookie().filter((line) => !/max-age=0/i.test(line));
      expect(written.map((line) => line.split('=')[0]).sort()).toEqual([ACCESS, IDENTITY, REFRESH].sort());
      for (const line of written) {
        expect(line).toMatch(/; HttpOnly/);
        expect(line).toMatch(/; Secure/);
        expect(line).toMatch(/; SameSite=Lax/i);
        expect(/max-age/i.test(line)).toBe(remember === 'true');
        expect(line).toContain(line.startsWith(ACCESS) ? 'Path=/;' : 'Path=/auth;');
      }
      const sealed = written.filter((line) => !line.startsWith(ACCESS)).join();
      expect(sealed).not.toMatch(/eyJ[\w-]*\.[\w-]+\.[\w-]+/);
    }
  });

  it('is the same to the controllers of an application as a login of this service', async () => {
    const visitor = await signedIn();
    const principal = { kind: 'user', userId: account.sub, tenantId: 'loja-são-paulo', roles: ['vendor'] };
    expect((await visitor.get('/club/musts')).body).toMatchObject({
      jwt: true,
      principal,
      userId: account.sub,
      tenantId: 'loja-são-paulo',
      same: true,
    });
    expect((await visitor.get('/club/admin')).code).toBe('insufficient_role');
    const token = visitor.accessToken ?? '';
    expect((await service.http.get('/club/parameters', { token })).body).toMatchObject({ userId: account.sub });
    expect((await visitor.send('POST', '/club/journey')).status).toBe(201);
    const foreign = await visitor.send('POST', '/club/journey', { 'sec-fetch-site': 'cross-site' });
    expect(foreign.code).toBe('csrf_failed');
  });

  it('costs no statement', async () => {
    const visitor = await signedIn();
    await visitor.get('/auth/me');
    const reads = await service.app.reads(async () => {
      for (let i = 0; i < 20; i += 1) expect((await visitor.get('/club/musts')).status).toBe(200);
    });
    expect(reads).toBe(0);
  });

  it('carries the login on at the provider when its access token has expired', async () => {
    const visitor = await signedIn();
    const before = visitor.accessToken;
    service.clock.advance(6 * MINUTE);
    expect((await visitor.get('/club/musts')).code).toBe('token_expired');
    service.clock.advance(-6 * MINUTE);
    await provider.signsIn({ ...account, resource_access: { 'app-shop': { roles: ['vendor', 'buyer'] } } });
    const refreshed = await visitor.send('POST', '/auth/refresh');
    expect(refreshed.status).toBe(200);
    expect(refreshed.body).toMatchObject({ user: { id: account.sub, roles: ['vendor', 'buyer'] } });
    expect(refreshed.text).not.toMatch(/eyJ|token"/);
    expect(visitor.accessToken).not.toBe(before);
    expect((await me(visitor)).id_token_claims).toMatchObject({ sub: account.sub });
  });

  it('gives one next token to the tabs that refresh at once, though the provider takes each once', async () => {
    const visitor = await signedIn();
    const headers = { ...visitor.jar.header, 'sec-fetch-site': 'same-origin' };
    const refresh = () => service.http.post('/auth/refresh', { headers, json: {} });
    const answers = await Promise.all(Array.from({ length: 20 }, refresh));
    const late = await refresh();
    const all = [...answers, late];
    expect(all.map(({ status }) => status)).toEqual(Array(21).fill(200));
    const tokens = all.map((answer) => answer.headers.getSetCookie()[0]?.split(';')[0]);
    expect(new Set(tokens).size).toBe(1);
    // A process that was not there is told by the provider what it thinks of that.
    const other = new Service({ settings: shop, database: service.app.database });
    await other.start();
    try {
      expect((await other.http.post('/auth/refresh', { headers, json: {} })).code).toBe('invalid_grant');
    } finally {
      await other.stop();
    }
  });

  it('lets no other page refresh or sign out', async () => {
    const visitor = await signedIn();
    const from = { 'sec-fetch-site': 'cross-site' };
    expect((await visitor.send('POST', '/auth/refresh', from)).code).toBe('csrf_failed');
    expect((await visitor.send('POST', '/auth/logout', from)).code).toBe('csrf_failed');
    expect((await visitor.send('GET', '/auth/oidc/shop/logout', from)).code).toBe('csrf_failed');
    expect((await visitor.get('/auth/me')).status).toBe(200);
  });

  it('ends the login there and in the browser, and says how long the access token still opens doors', async () => {
    const visitor = await signedIn();
    const before = visitor.jar.copy();
    const answer = await visitor.send('POST', '/auth/logout');
    expect(answer.body).toMatchObject({
      takes_effect: 'at_expiry',
      access_token_valid_until: expect.any(String) as string,
    });
    expect(visitor.jar.names).toEqual([]);
    const headers = { ...before.header, 'sec-fetch-site': 'same-origin' };
    expect((await service.http.post('/auth/refresh', { headers, json: {} })).code).toBe('invalid_grant');
  });

  it('signs out at the provider too, also when the access token has expired', async () => {
    for (const later of [0, HOUR]) {
      const visitor = await signedIn();
      const idToken = visitor.jar.get(IDENTITY);
      service.clock.advance(later);
      const answer = await visitor.send('GET', '/auth/oidc/shop/logout');
      const target = new URL(answer.headers.get('location') ?? '');
      expect(target.href.startsWith(provider.issuer)).toBe(true);
      expect(claimsOf(target.searchParams.get('id_token_hint') ?? '')).toMatchObject({ sub: account.sub });
      expect(idToken).toBeDefined();
      expect(visitor.jar.names).toEqual([]);
      service.clock.advance(-later);
    }
  });

  it('takes the place of a login of this service in the same browser, and the other way round', async () => {
    const visitor = new Visitor(service);
    const person = await service.person();
    const login = async () => {
      const json = { email: person.email, password: person.password, transport: 'cookie' };
      const headers = { ...visitor.jar.header, 'sec-fetch-site': 'same-origin' };
      const answer = await service.http.post('/auth/login', { headers, json });
      expect(answer.status).toBe(200);
      visitor.jar.take(answer.headers);
    };
    await login();
    const own = visitor.accessToken ?? '';
    expect((await service.me(own)).status).toBe(200);
    await signedIn(visitor);
    expect(visitor.jar.names.sort()).toEqual([ACCESS, IDENTITY, REFRESH].sort());
    expect((await me(visitor)).user['id']).toBe(account.sub);
    await login();
    expect(visitor.jar.names.sort()).toEqual([ACCESS, '__Secure-lk_rt'].sort());
    expect((await me(visitor)).user['id']).toBe(person.userId);
  });

  it('leaves logins of this service as they were', async () => {
    const { grant } = await service.signedIn();
    expect((await service.me(grant.access_token)).status).toBe(200);
    const next = await service.refresh(grant.refresh_token);
    expect((await service.http.get('/club/musts', { token: next.body.access_token })).status).toBe(200);
    expect((await service.http.post('/auth/logout', { token: next.body.access_token, json: {} })).status).toBe(200);
    const { grant: linking } = await service.signedIn();
    const link = await service.http.post('/auth/oidc/shop/link', { token: linking.access_token, json: {} });
    expect(link.code).toBe('unsupported_in_mode');
  });
});

describe.each(PROFILES)('tokens of a provider that are passed through, $name', ({ settings }) => {
  const op = new HostileProvider();
  const service = new Service({ extend: [ClubModule] });
  const ADMINISTRATORS = ['admin', 'platform_admin'];
  const PROVIDER = { type: 'keycloak', client_id: 'latchkey' };

  beforeAll(async () => {
    await op.start();
    await service.start({
      settings: {
        ...settings,
        'server.public_url': PUBLIC_URL,
        ...configured('op', { ...PROVIDER, issuer: op.issuer, roles_allowed: [...ADMINISTRATORS, 'vendor', 'role-*'] }),
      },
    });
  });

  afterAll(async () => {
    await service.stop();
    await op.stop();
  });

  beforeEach(() => op.reset());

  /** Seconds by the clock of the service, which tests move. */
  const claims = (difference: object = {}) => {
    const now = Math.floor(service.clock.now() / 1000);
    const fresh = { iat: now, exp: now + 300, tenant_id: 'acme', resource_access: { latchkey: { roles: ['vendor'] } } };
    return op.goodClaims({ jti: randomUUID(), ...fresh, ...difference });
  };
  const tokenOf = (difference: object = {}, header: object = { typ: 'at+jwt' }) =>
    signed(op.key, claims(difference), header as Record<string, unknown>);
  const codeOf = async (token: string) => (await service.http.get('/club/musts', { token })).code;

  async function signIn(accessToken: unknown, idToken: object = {}, query: Record<string, string> = {}) {
    op.accessToken = () => accessToken;
    op.claims = idToken as Record<string, unknown>;
    const visitor = new Visitor(service);
    const { state, nonce } = await visitor.begin('op', query);
    const answer = await visitor.comeBack('op', { code: op.code({ nonce }), state });
    return { visitor, location: answer.headers.get('location') };
  }

  it('are taken as they should be', async () => {
    expect(await codeOf(tokenOf())).toBe('200');
    expect(await codeOf(tokenOf({ azp: 'latchkey', aud: ['account', 'latchkey'] }, { typ: 'JWT' }))).toBe('200');
  });

  it.each([
    ['of another client', () => tokenOf({ azp: 'other' })],
    ['of another client, RFC 9068', () => tokenOf({ client_id: 'other' })],
    ['for another audience', () => tokenOf({ aud: 'account' })],
    ['of another issuer', () => tokenOf({ iss: 'https://evil.example' })],
    ['of the issuer with a slash more', () => tokenOf({ iss: `${op.issuer}/` })],
    ['without a subject', () => tokenOf({ sub: undefined })],
    ['with an empty subject', () => tokenOf({ sub: '' })],
    ['without a tenant', () => tokenOf({ tenant_id: undefined })],
    ['with a list of tenants', () => tokenOf({ tenant_id: ['acme', 'other'] })],
    ['without an end', () => tokenOf({ exp: undefined })],
    ['that are ID tokens', () => tokenOf({ at_hash: 'x' }, { typ: 'JWT' })],
    ['that are ID tokens of Keycloak', () => tokenOf({ typ: 'ID' }, { typ: 'JWT' })],
    ['that are refresh tokens of Keycloak', () => tokenOf({ typ: 'Refresh' }, { typ: 'JWT' })],
    ['that are logout tokens', () => op.logoutToken({ tenant_id: 'acme' })],
    ['of another type', () => tokenOf({}, { typ: 'rt+jwt' })],
    ['with the key of somebody else', () => signed(newKey('ES256', 'provider'), claims(), { typ: 'at+jwt' })],
    ['with an unknown key', () => signed(newKey('ES256', 'unknown'), claims(), { typ: 'at+jwt' })],
    ['with another algorithm', () => signed(newKey('RS256', 'provider'), claims(), { typ: 'at+jwt' })],
    ['with no signature', () => `${tokenOf().split('.').slice(0, 2).join('.')}.`],
  ])('are refused %s', async (_, token) => {
    expect(await codeOf(token())).toBe('invalid_token');
  });

  it('are refused once they have expired', async () => {
    const token = tokenOf();
    expect(await codeOf(token)).toBe('200');
    service.clock.advance(6 * MINUTE);
    expect(await codeOf(token)).toBe('token_expired');
  });

  it('give the roles that are allowed to come from it', async () => {
    const roles = { latchkey: { roles: ['vendor', 'role-1', 'other', 'administrator'] } };
    const { body } = await service.http.get<{ principal: object }>('/club/musts', {
      token: tokenOf({ resource_access: roles }),
    });
    expect(body.principal).toMatchObject({ roles: ['vendor', 'role-1'] });
  });

  it('are proven by keys that are read once an hour, and go on being so while the provider is away', async () => {
    service.clock.advance(2 * HOUR);
    await codeOf(tokenOf());
    op.asked.length = 0;
    for (let i = 0; i < 30; i += 1) expect(await codeOf(tokenOf())).toBe('200');
    expect(op.asked).toEqual([]);
    service.clock.advance(61 * MINUTE);
    await Promise.all(Array.from({ length: 20 }, () => codeOf(tokenOf())));
    expect(op.asked.filter((path) => path === '/jwks')).toHaveLength(1);
    await op.stop();
    service.clock.advance(2 * HOUR);
    expect(await codeOf(tokenOf())).toBe('200');
    for (let i = 0; i < 2; i += 1) {
      const unknown = signed(newKey('ES256', 'unknown'), claims(), { typ: 'at+jwt' });
      expect(await codeOf(unknown)).toBe('unavailable');
    }
    service.clock.advance(2 * DAY);
    expect(await codeOf(tokenOf())).toBe('unavailable');
    await op.start();
    service.clock.advance(MINUTE);
    expect(await codeOf(tokenOf())).toBe('200');
  });

  it('are looked for by a new key at once, and by keys that never were once in a while', async () => {
    await codeOf(tokenOf());
    service.clock.advance(MINUTE);
    const before = op.key;
    op.key = newKey('ES256', 'next');
    op.asked.length = 0;
    expect(await codeOf(tokenOf())).toBe('200');
    const unknown = () => signed(newKey('ES256', randomUUID()), claims(), { typ: 'at+jwt' });
    for (let i = 0; i < 10; i += 1) expect(await codeOf(unknown())).toBe('invalid_token');
    expect(op.asked.filter((path) => path === '/jwks')).toHaveLength(1);
    op.key = before;
    service.clock.advance(MINUTE);
    expect(await codeOf(tokenOf())).toBe('200');
  });

  it('open nothing that this service keeps: not to the id of somebody with an account, nor to administrators', async () => {
    const victim = await service.signedIn(await service.person({ roles: ADMINISTRATORS }));
    const { userId, tenantId } = victim.person;
    const token = tokenOf({
      ...{ sub: userId, tenant_id: tenantId, sid: victim.sessionId, auth_time: Math.floor(service.clock.now() / 1000) },
      ...{ amr: ['pwd', 'otp', 'mfa'], resource_access: { latchkey: { roles: ADMINISTRATORS } } },
    });
    const { body } = await service.http.get<ProviderMe>('/auth/me', { token });
    expect(body.user).toMatchObject({ id: userId, tenant_id: tenantId, roles: ADMINISTRATORS });
    const cookie = { cookie: `${ACCESS}=${token}`, 'sec-fetch-site': 'same-origin' };
    for (const route of GUARDED.filter((one) => one !== 'GET /auth/me' && one !== 'POST /auth/logout')) {
      const [method, path] = requestOf(route);
      const json = method === 'GET' || method === 'DELETE' ? undefined : {};
      for (const credentials of [{ token }, { headers: cookie }]) {
        const { code } = await service.http.send(method, path, { ...credentials, json });
        expect([route, code]).toEqual([route, 'unsupported_in_mode']);
      }
    }
    for (const route of FOR_CLIENTS) {
      const [method, path] = requestOf(route);
      expect((await service.http.send(method, path, { token })).status).toBe(401);
    }
    expect((await service.http.post('/auth/logout', { token, json: {} })).body).toMatchObject({
      takes_effect: 'at_expiry',
    });
    expect((await service.me(victim.grant.access_token)).status).toBe(200);
  });

  it('are refused an hour after their key was withdrawn, at the latest', async () => {
    const before = op.key;
    const withdrawn = () => signed(before, claims(), { typ: 'at+jwt' });
    expect(await codeOf(withdrawn())).toBe('200');
    op.key = newKey('ES256', 'next');
    service.clock.advance(61 * MINUTE);
    expect(await codeOf(withdrawn())).toBe('invalid_token');
    expect(await codeOf(tokenOf())).toBe('200');
    op.key = before;
    service.clock.advance(MINUTE);
  });

  it.each([
    ['is no JWT', () => 'an access token'],
    ['is of somebody else', () => tokenOf({ sub: 'another' })],
    ['is of another client', () => tokenOf({ azp: 'other' })],
    ['belongs to no tenant', () => tokenOf({ tenant_id: undefined })],
    ['has expired', () => tokenOf({ exp: 1_000 })],
  ])('sign nobody in whose access token %s', async (_, token) => {
    const { visitor, location } = await signIn(token());
    expect(location).toBe('/?error=federated_login_failed');
    expect(visitor.jar.names).toEqual([]);
  });

  it('sign in to no other tenant than the request has named, by id or by slug', async () => {
    const { id, slug } = await service.tenant();
    const named = async (tenant: string) =>
      (await signIn(tokenOf({ tenant_id: tenant }), {}, { tenant_id: id })).location;
    expect([await named(id), await named(slug)]).toEqual(['/', '/']);
    const { id: other } = await service.tenant();
    for (const tenant of [other, 'default', 'acme']) {
      expect(await named(tenant)).toBe('/?error=federated_login_failed');
    }
  });

  it('that do not fit into cookies are refused, not cut', async () => {
    const roles = (count: number) => ({
      latchkey: { roles: Array.from({ length: count }, (_, i) => `role-${i}-of-many`) },
    });
    const fits = await signIn(tokenOf({ resource_access: roles(60) }));
    expect(fits.location).toBe('/');
    expect((await fits.visitor.get('/auth/me')).status).toBe(200);
    const large = await signIn(tokenOf({ resource_access: roles(200) }));
    expect(large.location).toBe('/?error=unsupported_in_mode');
    expect(large.visitor.jar.names).toEqual([]);
    // Longer than any access token that is looked at.
    const huge = await signIn(tokenOf({ resource_access: roles(400) }));
    expect(huge.location).toBe('/?error=federated_login_failed');
    expect(huge.visitor.jar.names).toEqual([]);
    const identity = await signIn(tokenOf(), { resource_access: roles(400) });
    expect(identity.location).toBe('/?error=unsupported_in_mode');
  });

  it('are refreshed for the same person alone, and for nobody while the provider is away', async () => {
    const { visitor } = await signIn(tokenOf());
    const answered = (body: object, status = 200) => op.paths.set('/token', { status, body });
    const tokens = (access: string) => ({ access_token: access, token_type: 'Bearer', expires_in: 300 });
    const refresh = async () => (await visitor.send('POST', '/auth/refresh')).code;
    answered(tokens(tokenOf({ sub: 'another' })));
    expect(await refresh()).toBe('invalid_grant');
    answered(tokens('an access token'));
    expect(await refresh()).toBe('invalid_grant');
    answered({ error: 'invalid_grant' }, 400);
    expect(await refresh()).toBe('invalid_grant');
    answered({}, 503);
    expect(await refresh()).toBe('unavailable');
    answered({ ...tokens(tokenOf()), id_token: signed(op.key, claims({ sub: 'another' }), { typ: 'JWT' }) });
    expect(await refresh()).toBe('invalid_grant');
    answered(tokens(tokenOf()));
    expect(await refresh()).toBe('200');
    op.paths.delete('/token');
  });

  it('are worth nothing in the cookies of another browser when they were changed', async () => {
    const { visitor } = await signIn(tokenOf());
    const sealed = visitor.jar.get(REFRESH) ?? '';
    for (const value of [
      sealed.slice(0, -2),
      `${sealed}A`,
      sealed.replace(/(.)\./, (_, last: string) => (last === 'x' ? 'y.' : 'x.')),
      visitor.jar.get(IDENTITY) ?? '',
      'x',
    ]) {
      const headers = { cookie: `${REFRESH}=${value}`, 'sec-fetch-site': 'same-origin' };
      expect((await service.http.post('/auth/refresh', { headers, json: {} })).code).toBe('validation_failed');
    }
  });
});
