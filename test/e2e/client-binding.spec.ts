import { PROFILES } from '../support/profiles';
import { MINUTE, SECOND } from '../support/test-app';
import type { RequestOptions } from '../support/http-client';
import { useService } from './service';

const HOME: RequestOptions = { headers: { 'x-forwarded-for': '203.0.113.7', 'user-agent': 'Browser/1' } };
const CAFE: RequestOptions = { headers: { 'x-forwarded-for': '198.51.100.9', 'user-agent': 'Browser/1' } };
const OTHER_AGENT: RequestOptions = { headers: { 'x-forwarded-for': '203.0.113.7', 'user-agent': 'Browser/2' } };
const BEHIND_A_PROXY = { 'server.trusted_proxies': ['127.0.0.1'] };

describe.each(PROFILES)('a login that is bound, $name', ({ settings, row }) => {
  const common = { ...settings, ...BEHIND_A_PROXY };
  const toAddress = useService({ settings: { ...common, 'auth.session.bind': 'ip' } });
  const toAgent = useService({ settings: { ...common, 'auth.session.bind': 'user_agent' } });
  /** Only what has a row knows the client that it was started by. */
  const access = row.access_token === 'opaque' ? 'invalid_token' : '200';
  const refresh = row.refresh_token === 'opaque' ? 'invalid_grant' : '200';

  it.each([
    ['address', () => toAddress, CAFE, OTHER_AGENT],
    ['agent', () => toAgent, OTHER_AGENT, CAFE],
  ] as const)('to an %s serves no other one, cold or warm', async (_, pick, stranger, friend) => {
    const service = pick();
    const person = await service.person();
    const grant = (await service.login(person, {}, HOME)).body;
    expect((await service.me(grant.access_token, stranger)).code).toBe(access);
    expect((await service.me(grant.access_token, HOME)).status).toBe(200);
    expect((await service.me(grant.access_token, stranger)).code).toBe(access);
    expect((await service.me(grant.access_token, friend)).status).toBe(200);
    expect((await service.me(grant.access_token, stranger)).code).toBe(access);
    expect((await service.me(grant.access_token, HOME)).status).toBe(200);
  });

  it.each([
    ['address', () => toAddress, CAFE],
    ['agent', () => toAgent, OTHER_AGENT],
  ] as const)('to an %s is refreshed by no other one, and survives the attempt', async (_, pick, stranger) => {
    const service = pick();
    const { grant } = await service.signedIn(undefined, {}, HOME);
    expect((await service.refresh(grant.refresh_token, stranger)).code).toBe(refresh);
    expect((await service.refresh(grant.refresh_token, HOME)).status).toBe(200);
  });

  it('is not consumed by another client: its own is the first, and only then a replay', async () => {
    const { person, grant } = await toAddress.signedIn(undefined, {}, HOME);
    const replays = () =>
      toAddress.app.logged('refresh_replayed').filter((line) => line['user_id'] === person.userId).length;
    const attempts = Array.from({ length: 10 }, () => toAddress.refresh(grant.refresh_token, CAFE));
    for (const { code } of await Promise.all(attempts)) expect(code).toBe(refresh);
    if (refresh === '200') return;
    toAddress.clock.advance(MINUTE);
    const next = await toAddress.refresh(grant.refresh_token, HOME);
    expect([next.status, replays()]).toEqual([200, 0]);
    expect((await toAddress.refresh(grant.refresh_token, CAFE)).code).toBe(refresh);
    expect((await toAddress.refresh(grant.refresh_token, HOME)).status).toBe(200);
    expect(replays()).toBe(1);
  });
});

describe.each(PROFILES)('a login that is bound to nothing, $name', ({ settings }) => {
  const service = useService({ settings: { ...settings, ...BEHIND_A_PROXY } });
  const direct = useService({ settings });

  it('moves along with its person; the change is recorded', async () => {
    const { person, grant } = await service.signedIn(undefined, {}, HOME);
    for (const client of [CAFE, OTHER_AGENT]) {
      expect((await service.me(grant.access_token, client)).status).toBe(200);
      service.clock.advance(MINUTE + SECOND);
    }
    expect((await service.refresh(grant.refresh_token, CAFE)).status).toBe(200);
    const changes = service.app.logged('client_changed').filter((line) => line['user_id'] === person.userId);
    expect(changes.map((line) => line['ip_address'])).toEqual(['198.51.100.9', '203.0.113.7']);
  });

  it('does not believe an address that no proxy of ours has written', async () => {
    const { person } = await direct.signedIn(undefined, {}, HOME);
    const login = direct.app.logged('login_succeeded').find((line) => line['user_id'] === person.userId);
    expect(login).toMatchObject({ ip_address: '127.0.0.1' });
  });
});

describe.each(PROFILES)('a limit on idle time, $name', ({ settings, row }) => {
  const service = useService({ settings: { ...settings, 'auth.session.idle_timeout': '10m' } });
  const opaque = row.access_token === 'opaque';

  it('ends a session that nobody used; a JWT knows nothing of it', async () => {
    const { grant } = await service.signedIn();
    service.clock.advance(12 * MINUTE);
    expect((await service.me(grant.access_token)).code).toBe(opaque ? 'token_expired' : '200');
  });

  it('is not outwitted by a refresh, where a row tells', async () => {
    const { grant } = await service.signedIn();
    service.clock.advance(12 * MINUTE);
    expect((await service.refresh(grant.refresh_token)).code).toBe(row.list_sessions ? 'invalid_grant' : '200');
  });

  it('leaves a session alone that is used now and then', async () => {
    let { grant } = await service.signedIn();
    for (let i = 0; i < 4; i += 1) {
      service.clock.advance(8 * MINUTE);
      grant = (await service.refresh(grant.refresh_token)).body;
      expect((await service.me(grant.access_token)).status).toBe(200);
    }
  });

  it('counts every request as use, though not every one is written down', async () => {
    const { grant } = await service.signedIn();
    for (let i = 0; i < 4; i += 1) {
      service.clock.advance(3 * MINUTE);
      expect((await service.me(grant.access_token)).status).toBe(200);
    }
  });
});

describe.each(PROFILES)('without a cache, $name', ({ settings, row }) => {
  const service = useService({ settings: { ...settings, 'auth.cache.enabled': false } });
  const reads = row.access_token === 'opaque' ? 1 : 0;

  it('asks about a session token each time, and never about a JWT', async () => {
    const { grant } = await service.signedIn();
    for (let i = 0; i < 3; i += 1) expect(await service.app.reads(() => service.me(grant.access_token))).toBe(reads);
  });

  it('refuses a login that was ended as promised', async () => {
    const { grant } = await service.signedIn();
    await service.http.post('/auth/logout', { token: grant.access_token });
    expect((await service.me(grant.access_token)).code).toBe(
      row.logout_takes_effect === 'at_once' ? 'token_revoked' : '200',
    );
  });
});
