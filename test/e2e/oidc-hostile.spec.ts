import { randomBytes, randomUUID } from 'node:crypto';
import { HostileProvider } from '../support/hostile-provider';
import { newKey, signed, signedWithSecret } from '../support/issuer-server';
import { PROFILES } from '../support/profiles';
import { unique } from '../support/test-app';
import { PUBLIC_URL, requestIn, Visitor, type AuthorizationRequest } from './oidc-visitor';
import { Service } from './service';

const FAILED = '/?error=federated_login_failed';
const op = new HostileProvider();

beforeAll(() => op.start());
afterAll(() => op.stop());
beforeEach(() => op.reset());

type Claims = Record<string, unknown>;

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = (claims: Claims, alg: unknown = 'none', signature = ''): string =>
  `${part({ alg, typ: 'JWT' })}.${part(claims)}.${signature}`;

/** ID tokens that nobody must be signed in with. */
const FORGERIES: readonly [string, (claims: Claims) => unknown][] = [
  ['alg none', (claims) => unsigned(claims)],
  ['alg None', (claims) => unsigned(claims, 'None')],
  ['alg none with a signature', (claims) => unsigned(claims, 'none', 'AA')],
  ['no alg', (claims) => unsigned(claims, undefined)],
  ['a list of algs', (claims) => unsigned(claims, ['ES256'])],
  ['the key of somebody else', (claims) => signed(newKey('ES256', 'provider'), claims)],
  ['the key of somebody else, in its header', (claims) => withOwnKey(claims)],
  ['an unknown key', (claims) => signed(newKey('ES256', 'unknown'), claims)],
  ['another algorithm', (claims) => signed(newKey('RS256', 'provider'), claims)],
  ['HS256 with the client secret', (claims) => signedWithSecret('the secret of the client', claims)],
  ['HS256 with the public key', (claims) => signedWithSecret(JSON.stringify(op.key.jwk), claims, { kid: 'provider' })],
  ['another payload', (claims) => swapped({ ...claims, sub: 'victim' })],
  ['another issuer', (claims) => good({ ...claims, iss: 'https://accounts.google.com' })],
  ['an issuer with a slash more', (claims) => good({ ...claims, iss: `${op.issuer}/` })],
  ['a list of issuers', (claims) => good({ ...claims, iss: [op.issuer] })],
  ['no issuer', (claims) => good({ ...claims, iss: undefined })],
  ['another audience', (claims) => good({ ...claims, aud: 'somebody-else' })],
  ['no audience', (claims) => good({ ...claims, aud: undefined })],
  ['two audiences and no azp', (claims) => good({ ...claims, aud: ['latchkey', 'other'] })],
  ['two audiences and the azp of another', (claims) => good({ ...claims, aud: ['latchkey', 'other'], azp: 'other' })],
  ['the azp of another', (claims) => good({ ...claims, azp: 'other' })],
  ['an end that has passed', (claims) => good({ ...claims, exp: Math.floor(Date.now() / 1000) - 120 })],
  ['no end', (claims) => good({ ...claims, exp: undefined })],
  ['no subject', (claims) => good({ ...claims, sub: undefined })],
  ['an empty subject', (claims) => good({ ...claims, sub: '' })],
  ['a subject that is a number', (claims) => good({ ...claims, sub: 7 })],
  ['a list of subjects', (claims) => good({ ...claims, sub: ['victim'] })],
  ['a subject with a NUL', (claims) => good({ ...claims, sub: 'a\u0000b' })],
  ['a subject of 256 characters', (claims) => good({ ...claims, sub: 'a'.repeat(256) })],
  ['a wrong nonce', (claims) => good({ ...claims, nonce: 'another' })],
  ['no nonce', (claims) => good({ ...claims, nonce: undefined })],
  ['an empty nonce', (claims) => good({ ...claims, nonce: '' })],
  ['a list of nonces', (claims) => good({ ...claims, nonce: [claims['nonce']] })],
  ['no token', () => undefined],
  ['a token that is none', () => 'garbage'],
  ['a token that is a number', () => 7],
];

function good(claims: Claims): string {
  return signed(op.key, claims, { typ: 'JWT' });
}

function swapped(claims: Claims): string {
  const [header, , signature] = good(op.goodClaims()).split('.');
  return `${header}.${part(claims)}.${signature}`;
}

function withOwnKey(claims: Claims): string {
  const key = newKey('ES256', 'provider');
  return signed(key, claims, { jwk: key.jwk, jku: `${op.issuer}/other-keys` });
}

/** Addresses that no page must be able to send people to. */
const ELSEWHERE = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/%09/evil.example',
  '/%5cevil.example',
  '/%2f%2fevil.example',
  'https://evil.example',
  'https:evil.example',
  'http://login.example.com.evil.example',
  'https://login.example.com@evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  ' /app',
];
const NAMES = ['return_to', 'returnTo', 'redirect', 'redirect_uri', 'next', 'url'];

describe.each(PROFILES)('a provider that lies, $name', ({ settings, row }) => {
  const service = new Service({});
  let tenantId = '';

  const configured = (name: string, more: object): Record<string, string> => {
    const common = { issuer: op.issuer, client_id: op.clientId, client_secret: 'the secret of the client' };
    const entries = Object.entries({ ...common, allow_private_network: true, ...more });
    return Object.fromEntries(entries.map(([key, value]) => [`federation.oidc.${name}.${key}`, value as string]));
  };

  beforeAll(async () => {
    await service.start({
      settings: {
        ...settings,
        'server.public_url': PUBLIC_URL,
        ...configured('op', { registration: 'open', link_by_verified_email: true }),
        ...configured('shut', { registration: 'closed' }),
        ...configured('trusted', { registration: 'open', trust_mfa: true }),
        ...configured('inside', { allow_private_network: false, issuer: 'https://127.0.0.1:9' }),
      },
    });
    tenantId = (await service.defaultTenant()).id;
  });
  afterAll(() => service.stop());

  async function signIn(claims: Claims = {}, provider = 'op', visitor = new Visitor(service)) {
    op.claims = { sub: randomUUID(), ...claims };
    const request = await visitor.begin(provider);
    const answer = await comeBack(visitor, request, provider);
    return { visitor, location: answer.headers.get('location') };
  }

  function comeBack(visitor: Visitor, { state, nonce }: AuthorizationRequest, provider = 'op') {
    return visitor.comeBack(provider, { code: op.code({ nonce }), state });
  }

  it('is believed when it does not', async () => {
    const { visitor, location } = await signIn({ email: `${unique('a')}@example.com`, email_verified: true });
    expect(location).toBe('/');
    expect(await visitor.grant()).toMatchObject({ tenant_id: tenantId, roles: [] });
  });

  it.each(FORGERIES)('signs nobody in with %s', async (_, forge) => {
    op.idToken = forge;
    const { visitor, location } = await signIn();
    expect(location).toBe(FAILED);
    expect(visitor.accessToken).toBeUndefined();
  });

  it('signs nobody in with the nonce of an earlier attempt', async () => {
    const visitor = new Visitor(service);
    const earlier = await visitor.begin('op');
    const { state } = await visitor.begin('op');
    const answer = await visitor.comeBack('op', { code: op.code({ nonce: earlier.nonce }), state });
    expect(answer.headers.get('location')).toBe(FAILED);
  });

  it.each([
    ['unverified', { email_verified: false }],
    ['missing', {}],
    ['null', { email_verified: null }],
    ['"true"', { email_verified: 'true' }],
    ['1', { email_verified: 1 }],
    ['a list', { email_verified: [true] }],
  ])('never opens the account that has an address which is %s', async (_, claims) => {
    const victim = await (await signIn({ email: `${unique('v')}@example.com`, email_verified: true })).visitor.grant();
    const { visitor, location } = await signIn({ email: victim?.['email'], ...claims });
    expect(location).toBe('/');
    const user = await visitor.grant();
    expect([user?.id === victim?.id, user?.['email']]).toEqual([false, null]);
    const shut = await signIn({ email: victim?.['email'], ...claims }, 'shut');
    expect(shut.location).toBe('/?error=account_not_linked');
  });

  it.each([['a list'], ['an object'], ['two addresses']])('takes no address that is %s', async (kind) => {
    const person = await service.person();
    const forms: Record<string, unknown> = {
      'a list': [person.email],
      'an object': { address: person.email },
      'two addresses': `x@example.com,${person.email}`,
    };
    const { visitor } = await signIn({ email: forms[kind], email_verified: true });
    expect((await visitor.grant())?.['email']).toBeNull();
  });

  it('proves a second factor only where it is trusted with that', async () => {
    const amr = ['pwd', 'mfa'];
    const plain = await signIn({ amr });
    expect((await service.me(plain.visitor.accessToken ?? '')).body.amr).toEqual(['fed']);
    const trusted = await signIn({ amr }, 'trusted');
    expect((await service.me(trusted.visitor.accessToken ?? '')).body.amr).toEqual(['fed', 'mfa']);
    const silent = await signIn({ amr: 'mfa' }, 'trusted');
    expect((await service.me(silent.visitor.accessToken ?? '')).body.amr).toEqual(['fed']);
  });

  it('cannot make an old sign-in a fresh one', async () => {
    const { visitor } = await signIn({ auth_time: Math.floor(Date.now() / 1000) - 3_600 });
    const answer = await service.http.post('/auth/oidc/op/link', { token: visitor.accessToken, json: {} });
    expect(answer.code).toBe('insufficient_assurance');
  });

  it('gets PKCE by S256, a state and a nonce every time, each new, and the verifier with the code', async () => {
    const visitor = new Visitor(service);
    const requests = [await visitor.begin('op'), await visitor.begin('op')];
    for (const { url } of requests) {
      expect(Object.fromEntries(url.searchParams)).toEqual({
        client_id: 'latchkey',
        redirect_uri: `${PUBLIC_URL}/auth/oidc/op/callback`,
        response_type: 'code',
        scope: 'openid email profile',
        state: expect.stringMatching(/^[\w-]{43}$/) as string,
        nonce: expect.stringMatching(/^[\w-]{43}$/) as string,
        code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
        code_challenge_method: 'S256',
      });
    }
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(new Set(requests.map(({ url }) => url.searchParams.get(name))).size).toBe(2);
    }
    // Both tabs end well, in whatever order.
    for (const request of requests.reverse()) {
      expect((await comeBack(visitor, request)).headers.get('location')).toBe('/');
    }
    expect(op.redemptions.map((form) => form.get('code_verifier'))).toEqual([
      expect.stringMatching(/^[\w-]{43}$/),
      expect.stringMatching(/^[\w-]{43}$/),
    ]);
  });

  it('ends an attempt only in the browser that began it', async () => {
    const [victim, attacker, nobody] = [new Visitor(service), new Visitor(service), new Visitor(service)];
    const request = await attacker.begin('op');
    await victim.begin('op');
    for (const visitor of [victim, nobody]) {
      expect((await comeBack(visitor, request)).headers.get('location')).toBe(FAILED);
      expect(visitor.accessToken).toBeUndefined();
    }
    expect(op.redemptions).toEqual([]);
    // A code of the attacker, brought into the attempt of the victim: the verifier is another one, and so is the nonce.
    const own = await victim.begin('op');
    const injected = await victim.comeBack('op', { code: op.code({ nonce: request.nonce }), state: own.state });
    expect(injected.headers.get('location')).toBe(FAILED);
  });

  it('ends an attempt only at the provider that it was begun for', async () => {
    const visitor = new Visitor(service);
    const answer = await comeBack(visitor, await visitor.begin('op'), 'shut');
    expect(answer.headers.get('location')).toBe(FAILED);
    expect(op.redemptions).toEqual([]);
  });

  it.each([
    ['an error', { error: 'access_denied' }],
    ['nothing', {}],
    ['an empty code', { code: '' }],
    ['another issuer', { code: 'x', iss: 'https://evil.example' }],
    ['a token', { access_token: 'x', id_token: 'y' }],
  ])('is answered by a page when it sends the browser back with %s', async (_, parameters) => {
    const visitor = new Visitor(service);
    const { state } = await visitor.begin('op', { return_to: '/app?x=1#top' });
    const answer = await visitor.comeBack('op', { ...parameters, state });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/app?x=1&error=federated_login_failed']);
  });

  it.each([
    ['no state', ''],
    ['an empty one', 'state='],
    ['two', `state=${'a'.repeat(43)}&state=${'a'.repeat(43)}`],
    ['a name of the prototype', 'state=__proto__&__proto__=1'],
    ['a long one', `state=${'a'.repeat(2_000)}`],
    ['bytes', 'state=%ff%00'],
  ])('is answered by a page when the state is %s', async (_, query) => {
    const answer = await service.http.get(`/auth/oidc/op/callback?code=x&${query}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, FAILED]);
  });

  it.each(ELSEWHERE)('is no way to %j', async (target) => {
    for (const name of NAMES) {
      const query = new URLSearchParams({ [name]: target }).toString();
      const answer = await service.http.get(`/auth/oidc/op/login?${query}`);
      expect([name, answer.code]).toEqual([name, 'validation_failed']);
    }
    const { grant } = await service.signedIn();
    const json = { return_to: target };
    const link = await service.http.post('/auth/oidc/op/link', { token: grant.access_token, json });
    expect(link.code).toBe('validation_failed');
    const logout = await service.http.get(
      `/auth/oidc/op/logout?${new URLSearchParams({ return_to: target }).toString()}`,
    );
    expect(logout.code).toBe('validation_failed');
  });

  it('links nothing to the account that began for whoever ends in another browser or after a change', async () => {
    const ada = await service.signedIn();
    const eve = await service.signedIn();
    const begin = async (token: string) => {
      const visitor = new Visitor(service);
      const begun = await service.http.post<{ url: string }>('/auth/oidc/op/link', { token, json: {} });
      visitor.jar.take(begun.headers);
      return { visitor, request: requestIn(begun.body.url) };
    };
    const identities = async (token: string) =>
      (await service.http.get<{ identities: object[] }>('/auth/identities', { token })).body.identities;
    const mine = await begin(ada.grant.access_token);
    const hers = await begin(eve.grant.access_token);
    op.claims = { sub: randomUUID() };
    expect((await comeBack(hers.visitor, mine.request)).headers.get('location')).toBe(FAILED);
    expect((await comeBack(mine.visitor, hers.request)).headers.get('location')).toBe(FAILED);
    expect(mine.request.url.searchParams.get('prompt')).toBe('login');
    expect([await identities(ada.grant.access_token), await identities(eve.grant.access_token)]).toEqual([[], []]);

    // An identity opens one account of a tenant.
    expect((await comeBack(mine.visitor, mine.request)).headers.get('location')).toBe('/?linked=op');
    const second = await begin(eve.grant.access_token);
    expect((await comeBack(second.visitor, second.request)).headers.get('location')).toBe('/?error=conflict');

    const late = await begin(eve.grant.access_token);
    await service.changes.setRoles({ tenantId, userId: eve.person.userId }, ['changed']);
    op.claims = { sub: randomUUID() };
    expect((await comeBack(late.visitor, late.request)).headers.get('location')).toBe(FAILED);
  });

  it('starts a new login: no value that a browser had before is one afterwards', async () => {
    const visitor = new Visitor(service);
    await visitor.begin('op');
    const before = visitor.jar.names.map((name) => visitor.jar.get(name) ?? '');
    const request = await visitor.begin('op');
    await comeBack(visitor, request);
    expect(before).toHaveLength(1);
    for (const value of [...before, request.state, request.nonce]) {
      expect((await service.me(value)).status).toBe(401);
      expect((await service.refresh(value)).status).toBe(401);
    }
    expect(visitor.accessToken).toBeDefined();
  });

  it('is not spoken to inside this network unless the configuration says so', async () => {
    const answer = await service.http.get('/auth/oidc/inside/login');
    expect([answer.status, answer.code]).toEqual([503, 'unavailable']);
    expect((await signIn()).location).toBe('/');
  });

  it.each([
    ['unknown', '/auth/oidc/nobody/login', 404],
    ['upper case', '/auth/oidc/OP/login', 400],
    ['of the prototype', '/auth/oidc/constructor/login', 404],
  ])('is not found: a name that is %s', async (_, path, status) => {
    expect((await service.http.get(path)).status).toBe(status);
  });

  describe('signs people out by a logout token', () => {
    const send = (token: string, type = 'application/x-www-form-urlencoded') =>
      service.http.post('/auth/oidc/op/backchannel-logout', {
        raw: new URLSearchParams({ logout_token: token }).toString(),
        headers: { 'content-type': type },
      });

    it('by subject and by session, once', async () => {
      if (!row.revoke_all_sessions) {
        const { code } = await send(op.logoutToken({ sub: await knownSubject() }));
        return expect(code).toBe('unsupported_in_mode');
      }
      for (const named of ['sub', 'sid'] as const) {
        const who = { sub: randomUUID(), sid: randomUUID() };
        const { visitor } = await signIn(who);
        const other = await signIn();
        const token = op.logoutToken({ sub: undefined, [named]: who[named] });
        expect((await service.me(visitor.accessToken ?? '')).status).toBe(200);
        expect((await send(token)).status).toBe(200);
        expect((await service.me(visitor.accessToken ?? '')).status).toBe(401);
        expect((await service.me(other.visitor.accessToken ?? '')).status).toBe(200);
        expect((await send(token)).code).toBe('validation_failed');
      }
      expect((await send(op.logoutToken({ sub: 'nobody here' }))).status).toBe(200);
    });

    it('used by twenty at once it counts once', async () => {
      const token = op.logoutToken({ sub: 'nobody here' });
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(token)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(19);
    });

    it.each<[string, () => string]>([
      ['a nonce', () => op.logoutToken({ nonce: 'x' })],
      ['no event', () => op.logoutToken({ events: undefined })],
      ['another event', () => op.logoutToken({ events: { 'http://schemas.openid.net/event/other': {} } })],
      [
        'an event that is a list',
        () => op.logoutToken({ events: ['http://schemas.openid.net/event/backchannel-logout'] }),
      ],
      ['nobody', () => op.logoutToken({ sub: undefined })],
      ['no id', () => op.logoutToken({ jti: undefined })],
      ['no end', () => op.logoutToken({ exp: undefined })],
      ['an end that has passed', () => op.logoutToken({ exp: 1_000 })],
      ['no time', () => op.logoutToken({ iat: undefined })],
      ['another issuer', () => op.logoutToken({ iss: 'https://evil.example' })],
      ['another audience', () => op.logoutToken({ aud: 'other' })],
      ['the type of an access token', () => op.logoutToken({}, { typ: 'at+jwt' })],
      ['the key of somebody else', () => signed(newKey('ES256', 'provider'), op.goodClaims(), { typ: 'logout+jwt' })],
      ['no signature', () => unsigned(op.goodClaims())],
      ['an ID token', () => good(op.goodClaims({ jti: 'x' }))],
      ['garbage', () => 'garbage'],
    ])('not by one with %s', async (_, token) => {
      const answer = await send(token());
      expect([answer.status, answer.code]).toEqual([400, 'validation_failed']);
    });

    it('not by anything but a form', async () => {
      expect((await send(op.logoutToken(), 'application/json')).status).toBe(415);
      const { status } = await service.http.post('/auth/oidc/op/backchannel-logout', { json: {} });
      expect(status).toBe(415);
    });

    async function knownSubject(): Promise<string> {
      const sub = randomUUID();
      await signIn({ sub });
      return sub;
    }
  });

  it('survives noise: nothing that a client can send is an error of the service', async () => {
    for (let round = 0; round < 20; round++) {
      const noise = randomBytes(60).toString('latin1');
      const query = new URLSearchParams({ state: noise, code: noise, iss: noise }).toString();
      expect((await service.http.get(`/auth/oidc/op/callback?${query}`)).status).toBe(302);
      const json = { code: noise, code_verifier: noise, redirect_uri: noise };
      expect((await service.http.post('/auth/oidc/op/exchange', { json })).status).toBe(400);
    }
    expect(service.app.logs.filter(({ level, status }) => level === 'error' && status !== 503)).toEqual([]);
  });

  // Last: the clock of the provider does not move along.
  it('ends no attempt after ten minutes', async () => {
    const visitor = new Visitor(service);
    const request = await visitor.begin('op');
    service.clock.advance(601_000);
    expect((await comeBack(visitor, request)).headers.get('location')).toBe(FAILED);
    expect(op.redemptions).toEqual([]);
  });
});
