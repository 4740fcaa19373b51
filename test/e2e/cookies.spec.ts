import { CookieJar } from '../support/cookie-jar';
import { PROFILES } from '../support/profiles';
import type { Answer } from '../support/http-client';
import { HOUR, MINUTE } from '../support/test-app';
import { PASSWORD, useService, type Grant, type Person, type Service } from './service';

const ORIGIN = 'https://id.example.com';
const APP = 'https://app.example.com';
const SETTINGS = { 'server.public_url': ORIGIN, 'server.cors.origins': `[${APP}]` };
const ACCESS = '__Host-lk_at';
const REFRESH = '__Secure-lk_rt';

/** A browser with a page of one origin. */
class Browser {
  readonly jar = new CookieJar();

  constructor(
    private readonly service: Service,
    private readonly origin: string | null = ORIGIN,
  ) {}

  async send<Body = Record<string, unknown>>(route: string, json?: unknown): Promise<Answer<Body>> {
    const [method, path] = route.split(' ') as [string, string];
    const headers = { ...this.jar.header, ...(this.origin !== null && { origin: this.origin }) };
    const answer = await this.service.http.send<Body>(method, path, { headers, json });
    this.jar.take(answer.headers);
    return answer;
  }

  login({ email, tenantId }: Person, difference: object = {}) {
    const who = { email, password: PASSWORD, tenant_id: tenantId };
    return this.send('POST /auth/login', { ...who, transport: 'cookie', ...difference });
  }

  /** One with the same cookies, elsewhere. */
  at(origin: string | null): Browser {
    const other = new Browser(this.service, origin);
    for (const line of this.jar.names) other.jar.take(new Headers({ 'set-cookie': `${line}=${this.jar.get(line)}` }));
    return other;
  }
}

const attributesOf = (line: string) =>
  line
    .split('; ')
    .slice(1)
    .filter((attribute) => !attribute.startsWith('Max-Age'))
    .sort();
const maxAgeOf = (line: string) => Number(/Max-Age=(\d+)/.exec(line)?.[1] ?? NaN);

describe.each(PROFILES)('tokens in cookies, $name', ({ settings, row }) => {
  const service = useService({ settings: { ...settings, ...SETTINGS } });
  const endsAtOnce = row.logout_takes_effect === 'at_once';

  async function signedIn(difference: object = {}): Promise<{ browser: Browser; person: Person }> {
    const browser = new Browser(service);
    const person = await service.person();
    expect((await browser.login(person, difference)).status).toBe(200);
    return { browser, person };
  }

  it('are in no body, readable by no script, and sent to this host alone', async () => {
    const browser = new Browser(service);
    const person = await service.person();
    const answer = await browser.login(person);
    const [access = '', refresh = '', ...more] = answer.headers.getSetCookie();
    expect(more).toEqual([]);
    expect(access.startsWith(`${ACCESS}=`)).toBe(true);
    expect(refresh.startsWith(`${REFRESH}=p.`)).toBe(true);
    expect(attributesOf(access)).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']);
    expect(attributesOf(refresh)).toEqual(['HttpOnly', 'Path=/auth', 'SameSite=Lax', 'Secure']);
    expect(maxAgeOf(refresh)).toBeGreaterThan(24 * 3600);
    expect(answer.body).toMatchObject({ user: { id: person.userId }, expires_at: expect.any(String) as string });
    expect(Object.keys(answer.body)).not.toEqual(expect.arrayContaining(['access_token']));
    expect(answer.text).not.toContain(browser.jar.get(ACCESS));
    expect((await browser.send('GET /auth/me')).body).toMatchObject({ user: { id: person.userId } });
  });

  it('end with the browser where the login is not to be remembered, also after a refresh', async () => {
    const { browser } = await signedIn({ remember: false });
    for (let i = 0; i < 2; i += 1) {
      const answer = await browser.send('POST /auth/refresh');
      expect(answer.status).toBe(200);
      expect(answer.headers.getSetCookie().map(maxAgeOf)).toEqual([NaN, NaN]);
      expect(browser.jar.get(REFRESH)).toMatch(/^s\./);
    }
  });

  it('are carried on by a refresh, whatever its body, and tell an expired token from none', async () => {
    const { browser, person } = await signedIn();
    const before = browser.jar.get(ACCESS);
    service.clock.advance(25 * HOUR);
    expect((await browser.send('GET /auth/me')).code).toBe('token_expired');
    const answer = await browser.send('POST /auth/refresh', {});
    expect(answer).toMatchObject({ status: 200, body: { user: { id: person.userId } } });
    expect(Object.keys(answer.body)).not.toEqual(expect.arrayContaining(['refresh_token']));
    expect(browser.jar.get(ACCESS)).not.toBe(before);
    expect((await browser.send('GET /auth/me')).status).toBe(200);
  });

  it('are one login in two tabs that refresh at the same time', async () => {
    const { browser } = await signedIn();
    const tabs = [browser.at(ORIGIN), browser.at(ORIGIN)];
    const answers = await Promise.all(tabs.map((tab) => tab.send('POST /auth/refresh')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    for (const tab of tabs) expect((await tab.send('GET /auth/me')).status).toBe(200);
  });

  it('are forgotten by the browser and over after a logout', async () => {
    const { browser } = await signedIn();
    const stolen = browser.at(ORIGIN);
    expect((await browser.send('POST /auth/logout')).status).toBe(200);
    expect(browser.jar.names).toEqual([]);
    expect((await browser.send('GET /auth/me')).code).toBe('missing_token');
    if (endsAtOnce) expect((await stolen.send('GET /auth/me')).code).toBe('token_revoked');
  });

  it('take the place of a login that the browser presents: what was planted before is dead afterwards', async () => {
    const { browser } = await signedIn();
    const planted = browser.at(ORIGIN);
    const person = await service.person();
    expect((await browser.login(person)).status).toBe(200);
    expect((await browser.send('GET /auth/me')).body).toMatchObject({ user: { id: person.userId } });
    expect(browser.jar.get(ACCESS)).not.toBe(planted.jar.get(ACCESS));
    if (endsAtOnce) expect((await planted.send('GET /auth/me')).code).toBe('token_revoked');
    if (endsAtOnce) expect((await planted.send('POST /auth/refresh')).status).toBe(401);
  });

  it('come after a token in the header, which is believed alone', async () => {
    const { browser } = await signedIn();
    const other = await service.signedIn();
    const headers = browser.jar.header;
    const me = await service.me(other.grant.access_token, { headers });
    expect(me.body.user.id).toBe(other.person.userId);
    expect((await service.me('lk_at_nonsense', { headers })).code).toBe('invalid_token');
  });

  it('are refused where a name comes twice: nobody can tell which was planted', async () => {
    const { browser } = await signedIn();
    const cookie = `${browser.jar.header.cookie}; ${ACCESS}=${browser.jar.get(ACCESS)}; ${REFRESH}=p.x`;
    const twice = { headers: { cookie, origin: ORIGIN } };
    expect((await service.http.get('/auth/me', twice)).code).toBe('invalid_token');
    expect((await service.http.post('/auth/refresh', twice)).code).toBe('invalid_grant');
  });

  it.each(['', 'x', 'p.', 's.x', 'p.lk_rt_AAAA', `p.${'x'.repeat(3000)}`])(
    'are no refresh token as %p',
    async (value) => {
      const headers = { cookie: `${REFRESH}=${value}`, origin: ORIGIN };
      expect([400, 401]).toContain((await service.http.post('/auth/refresh', { headers })).status);
    },
  );

  it('need a refresh token, in the body or in the cookie', async () => {
    const { status, body } = await service.http.post('/auth/refresh', { json: {} });
    expect([status, body.errors?.[0]?.pointer]).toEqual([400, '/refresh_token']);
  });

  it.each([
    ['another site', 'https://evil.example'],
    ['a host beside it', 'https://evil.id.example.com'],
    ['the same host on plain http', 'http://id.example.com'],
    ['a page without an origin', 'null'],
    ['nobody knows where', null],
  ])('change nothing for %s', async (_, origin) => {
    const { browser, person } = await signedIn();
    const elsewhere = browser.at(origin);
    for (const route of ['POST /auth/logout', 'POST /auth/refresh', 'POST /auth/ticket', 'DELETE /auth/sessions']) {
      const answer = await elsewhere.send(route);
      expect([route, answer.status, answer.code]).toEqual([route, 403, 'csrf_failed']);
    }
    const login = await new Browser(service, origin).login(person);
    expect([login.code, login.headers.getSetCookie()]).toEqual(['csrf_failed', []]);
    // Nothing was lost by it, and reading is what SameSite and CORS are for.
    expect((await browser.send('POST /auth/refresh')).status).toBe(200);
  });

  it('serve pages of origins that are configured', async () => {
    const { browser } = await signedIn();
    const answer = await browser.at(APP).send('POST /auth/refresh');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    expect(answer.headers.get('access-control-allow-origin')).toBe(APP);
  });

  it('are asked for by the second step too', async () => {
    const { browser, person } = await signedIn();
    const step = await browser.send('POST /auth/step-up', { password: PASSWORD });
    expect(step).toMatchObject({ status: 200, body: { user: { id: person.userId } } });
    expect(step.headers.getSetCookie()).toHaveLength(2);
    expect((await browser.send('GET /auth/me')).status).toBe(200);
  });

  it('are not set for whoever wants them in the body', async () => {
    const answer = await new Browser(service).login(await service.person(), { transport: 'body' });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []]);
    expect((answer.body as unknown as Grant).access_token).not.toBe('');
    const refreshed = await service.refresh((answer.body as unknown as Grant).refresh_token);
    expect(refreshed.headers.getSetCookie()).toEqual([]);
  });

  it('are no other transport', async () => {
    const answer = await new Browser(service).login(await service.person(), { transport: 'url' });
    expect(answer.code).toBe('validation_failed');
  });

  it('lead password managers to where a password is changed', async () => {
    const answer = await service.http.get('/.well-known/change-password');
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `${ORIGIN}/account/password`]);
  });
});

describe('cookies of a service that changes its mode', () => {
  const stateful = useService({ settings: { ...SETTINGS, 'auth.mode': 'stateful' } });

  it('go on to sign in', async () => {
    const browser = new Browser(stateful);
    expect((await browser.login(await stateful.person())).status).toBe(200);
    const { database } = stateful.app;
    await stateful.app.app.close();
    await stateful.start({ database, settings: { ...SETTINGS, 'auth.mode': 'stateless' } });
    expect((await browser.send('GET /auth/me')).status).toBe(200);
    expect((await browser.send('POST /auth/refresh')).status).toBe(200);
    expect(browser.jar.get(ACCESS)).toMatch(/^eyJ/);
    stateful.clock.advance(MINUTE);
    expect((await browser.send('GET /auth/me')).body).toMatchObject({ mode: 'stateless' });
  });
});

describe('cookies that do not fit', () => {
  const service = useService({ settings: { ...SETTINGS, 'auth.mode': 'stateless' } });

  it('are refused rather than cut', async () => {
    const roles = Array.from({ length: 60 }, (_, i) => `department-number-${i}:of-a-very-large-company:reader`);
    const answer = await new Browser(service).login(await service.person({ roles }));
    expect([answer.code, answer.headers.getSetCookie()]).toEqual(['unsupported_in_mode', []]);
  });
});

describe('cookies on a development machine', () => {
  const service = useService({ settings: { 'server.public_url': 'http://localhost:4000' } });

  it('are kept by every browser on plain http', async () => {
    const answer = await new Browser(service, 'http://localhost:4000').login(await service.person());
    const [access = '', refresh = ''] = answer.headers.getSetCookie();
    expect([access.slice(0, 6), refresh.slice(0, 6)]).toEqual(['lk_at=', 'lk_rt=']);
    expect(attributesOf(access)).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax']);
  });
});
