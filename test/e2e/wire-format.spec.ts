import { PROFILES } from '../support/profiles';
import { claimsOf, useService, type Grant } from './service';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const GRANT = ['access_token', 'refresh_token', 'token_type', 'expires_in', 'expires_at', 'user'];
const SESSION = ['id', 'ip_address', 'user_agent', 'last_activity', 'expires_at', 'created_at'];
const USER = ['id', 'tenant_id', 'email', 'username', 'name', 'roles'];
const LISTED = [...SESSION, 'device', 'amr', 'current'];
const ME = ['user', 'mode', 'session_id', 'expires_at', 'amr', 'auth_time'];
const MODE = [
  'mode',
  'accepts',
  'access_token',
  'refresh_token',
  'list_sessions',
  'revoke_session',
  'revoke_all_sessions',
  'logout_takes_effect',
  'login_identifier',
  'registration',
];
const COMMON_CLAIMS = ['iss', 'aud', 'sub', 'iat', 'exp', 'jti', 'sid', 'user_id', 'tenant_id', 'gen'];
const ACCESS_CLAIMS = [...COMMON_CLAIMS, 'email', 'username', 'name', 'roles', 'amr', 'auth_time'];
const REFRESH_CLAIMS = [...COMMON_CLAIMS, 'amr', 'auth_time'];
const PROBLEM = ['type', 'title', 'status', 'detail', 'code', 'request_id'];

const keys = (value: object): string[] => Object.keys(value).sort();
const sorted = (names: readonly string[]): string[] => [...names].sort();

describe.each(PROFILES)('the wire format, $name', ({ settings, row }) => {
  const service = useService({ settings });
  const hasRow = row.list_sessions;
  const life = row.access_token === 'opaque' ? 86_400 : 900;

  function expectGrant(grant: Grant): void {
    expect(keys(grant)).toEqual(sorted(hasRow ? [...GRANT, 'session'] : GRANT));
    expect(grant.token_type).toBe('Bearer');
    expect(grant.expires_in).toBe(life);
    expect(grant.expires_at).toMatch(ISO);
    expect(keys(grant.user)).toEqual(sorted(USER));
    expect(grant.user.id).toMatch(UUID);
    if (!grant.session) return;
    expect(keys(grant.session)).toEqual(sorted(SESSION));
    expect(grant.session['id']).toMatch(UUID);
    for (const date of ['last_activity', 'expires_at', 'created_at']) expect(grant.session[date]).toMatch(ISO);
  }

  it('has exactly these fields in the answer to a login and to a refresh', async () => {
    const { grant } = await service.signedIn(undefined, { remember: true });
    expectGrant(grant);
    expectGrant((await service.refresh(grant.refresh_token)).body);
  });

  it('says in expires_in and expires_at the same thing', async () => {
    const { grant } = await service.signedIn();
    const left = (Date.parse(grant.expires_at) - service.clock.now()) / 1000;
    expect(Math.abs(left - grant.expires_in)).toBeLessThan(5);
    if (row.access_token === 'jwt') expect(Date.parse(grant.expires_at) / 1000).toBe(claimsOf(grant.access_token).exp);
  });

  it('tells who started the session', async () => {
    const { grant } = await service.signedIn(undefined, {}, { headers: { 'user-agent': 'curl/8.5.0' } });
    if (hasRow) expect(grant.session).toMatchObject({ ip_address: '127.0.0.1', user_agent: 'curl/8.5.0' });
    else expect(grant.session).toBeUndefined();
  });

  it('makes tokens of these shapes', async () => {
    const { access_token: access, refresh_token: refresh } = (await service.signedIn()).grant;
    const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]{43}$/;
    expect(access).toMatch(row.access_token === 'opaque' ? /^lk_at_[0-9A-Za-z]{70}$/ : JWT);
    expect(refresh).toMatch(row.refresh_token === 'opaque' ? /^lk_rt_[0-9A-Za-z]{70}$/ : JWT);
  });

  it('puts exactly these claims into JWTs', async () => {
    const { person, grant, sessionId } = await service.signedIn();
    for (const [token, typ, names] of [
      [grant.access_token, 'at+jwt', ACCESS_CLAIMS],
      [grant.refresh_token, 'rt+jwt', REFRESH_CLAIMS],
    ] as const) {
      if (token.startsWith('lk_')) continue;
      const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as object;
      expect(header).toEqual({ alg: 'HS256', typ, kid: expect.any(String) });
      const claims = claimsOf(token);
      expect(keys(claims)).toEqual(sorted(names));
      expect(claims).toMatchObject({ iss: 'latchkey', sub: person.userId, sid: sessionId, tenant_id: person.tenantId });
      expect(claims['aud']).toBe(typ === 'at+jwt' ? 'latchkey-api' : 'latchkey:refresh');
    }
  });

  it('has exactly these fields in the other answers', async () => {
    const { access_token: token } = (await service.signedIn()).grant;
    expect(keys((await service.me(token)).body)).toEqual(sorted(ME));
    expect(keys((await service.http.get<object>('/auth/mode')).body)).toEqual(sorted(MODE));
    if (hasRow) for (const session of await service.sessions(token)) expect(keys(session)).toEqual(sorted(LISTED));
    const logout = await service.http.post<object>('/auth/logout', { token });
    expect(keys(logout.body)).toEqual(['access_token_valid_until', 'takes_effect']);
  });

  it('answers errors as problem documents, with these headers', async () => {
    const person = await service.person();
    const refused = await service.login(person, { password: 'wrong horse battery' });
    expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect(refused.headers.get('cache-control')).toBe('no-store');
    expect(refused.body).toEqual({
      type: expect.stringMatching(/^http:\/\/localhost:\d+\/problems\/invalid_credentials$/),
      title: 'Unauthorized',
      status: 401,
      detail: expect.any(String),
      code: 'invalid_credentials',
      request_id: refused.headers.get('x-request-id'),
    });
    const invalid = await service.http.post('/auth/login', { json: { email: 1 } });
    expect(keys(invalid.body)).toEqual(sorted([...PROBLEM, 'errors']));
    for (const error of invalid.body.errors!) expect(keys(error)).toEqual(['message', 'pointer']);
    expect(invalid.body.errors!.map(({ pointer }) => pointer)).toEqual(['/email', '/password']);
  });

  it.each([
    ['missing_token', undefined, 'Bearer'],
    ['missing_token', '', 'Bearer'],
    ['invalid_token', 'made-up', 'Bearer error="invalid_token", error_description="invalid_token"'],
  ])('challenges with %s for the token %p', async (code, token, challenge) => {
    const answer = await service.http.get('/auth/me', { token });
    expect([answer.status, answer.code, answer.headers.get('www-authenticate')]).toEqual([401, code, challenge]);
  });

  it('says when to come back, in a header and in the document', async () => {
    const person = await service.person();
    for (let i = 0; i < 5; i += 1) await service.login(person, { password: 'wrong horse battery' });
    const locked = await service.login(person);
    expect(locked.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(keys(locked.body)).toEqual(sorted([...PROBLEM, 'retry_after']));
  });

  it('keeps every answer with a token, and every other one, out of caches', async () => {
    const { grant } = await service.signedIn();
    const answers = [
      await service.login(await service.person()),
      await service.refresh(grant.refresh_token),
      await service.me(grant.access_token),
      await service.http.get('/auth/mode'),
      await service.http.get('/no/such/page'),
      await service.http.delete('/auth/sessions', { token: grant.access_token }),
    ];
    for (const { headers } of answers) expect(headers.get('cache-control')).toBe('no-store');
  });

  it.each(['/auth/mode', '/auth/me', '/no/such/page', '/health/live'])('protects browsers on %s', async (path) => {
    const { headers } = await service.http.get(path);
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect([headers.get('server'), headers.get('x-powered-by'), headers.get('set-cookie')]).toEqual([null, null, null]);
  });

  it('gives every answer an id of its own, or the harmless one that the client sent', async () => {
    const ids = [await service.http.get('/auth/mode'), await service.http.get('/auth/mode')];
    const [first, second] = ids.map(({ headers }) => headers.get('x-request-id'));
    expect(first).toMatch(UUID);
    expect(second).not.toBe(first);
    const sent = (id: string) => service.http.get('/auth/me', { headers: { 'x-request-id': id } });
    const echoed = await sent('trace-0123456789');
    expect([echoed.headers.get('x-request-id'), echoed.body.request_id]).toEqual([
      'trace-0123456789',
      'trace-0123456789',
    ]);
    for (const id of ['short', 'a'.repeat(65), 'quoted"id"', 'with space', '<script>alert(1)</script>']) {
      expect((await sent(id)).headers.get('x-request-id')).toMatch(UUID);
    }
  });
});

describe.each(PROFILES)('an https service behind a path, $name', ({ settings }) => {
  const service = useService({
    settings: {
      ...settings,
      'server.public_url': 'https://auth.example.com',
      'server.base_path': '/auth-svc',
      'server.cors.origins': ['https://app.example.com'],
    },
  });

  it('asks browsers for https from now on', async () => {
    for (const path of ['/auth/mode', '/auth/me', '/no/such/page']) {
      expect((await service.http.get(path)).headers.get('strict-transport-security')).toBe('max-age=31536000');
    }
  });

  it('answers under its path alone, and names it in its problem types', async () => {
    expect((await service.http.get('/auth/mode')).status).toBe(200);
    expect((await service.me('made-up')).body).toMatchObject({
      type: 'https://auth.example.com/auth-svc/problems/invalid_token',
    });
    const outside = await fetch(`${service.app.url}/auth/mode`);
    expect([outside.status, ((await outside.json()) as { code: string }).code]).toEqual([404, 'not_found']);
  });

  it('lets the configured origin in, and no other', async () => {
    const preflight = (origin: string) =>
      service.http.send('OPTIONS', '/auth/login', { headers: { origin, 'access-control-request-method': 'POST' } });
    const allowed = 'access-control-allow-origin';
    expect((await preflight('https://app.example.com')).headers.get(allowed)).toBe('https://app.example.com');
    for (const origin of [
      'https://evil.example.com',
      'https://app.example.com.evil.net',
      'null',
      'http://app.example.com',
    ]) {
      const value = (await preflight(origin)).headers.get(allowed);
      expect(value === null || value === 'https://app.example.com').toBe(true);
      expect(value).not.toBe(origin);
    }
    const simple = await service.http.get('/auth/mode', { headers: { origin: 'https://evil.example.com' } });
    expect(simple.headers.get(allowed)).not.toBe('https://evil.example.com');
    expect(simple.headers.get('access-control-allow-credentials')).toBeNull();
  });
});
