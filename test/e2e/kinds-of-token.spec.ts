import { formatOpaqueToken, newSecret } from '../../src/strategy/opaque-token';
import { PROFILES } from '../support/profiles';
import { HOUR } from '../support/test-app';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { claimsOf, Service, useService, type Grant } from './service';

describe.each(PROFILES)('the two uses of tokens, $name', ({ settings, row }) => {
  const service = useService({ settings });

  it('takes no refresh token for an access token', async () => {
    const { grant } = await service.signedIn();
    const { status, code } = await service.me(grant.refresh_token);
    expect([status, code]).toEqual([401, 'invalid_token']);
  });

  it('takes no access token for a refresh token', async () => {
    const { grant } = await service.signedIn();
    const { status, code } = await service.refresh(grant.access_token);
    expect([status, code]).toEqual([401, 'invalid_grant']);
    expect((await service.me(grant.access_token)).status).toBe(200);
  });

  it('finds no token in a query, a cookie, a body or another scheme', async () => {
    const { access_token: token } = (await service.signedIn()).grant;
    const attempts = [
      await service.http.get(`/auth/me?access_token=${token}`),
      await service.http.get('/auth/me', { headers: { cookie: `access_token=${token}; token=${token}` } }),
      await service.http.get('/auth/me', { headers: { authorization: `Basic ${token}` } }),
      await service.http.get('/auth/me', { headers: { authorization: token } }),
      await service.http.get('/auth/me', {
        headers: { 'x-access-token': token, 'proxy-authorization': `Bearer ${token}` },
      }),
      await service.http.post('/auth/logout', { json: {}, headers: { cookie: `__Host-access=${token}` } }),
    ];
    expect(attempts.map(({ code }) => code)).toEqual(Array(6).fill('missing_token'));
  });

  it('asks the database at most once about a token, and not again while it is known', async () => {
    const person = await service.person();
    const { body } = await service.login(person);
    const opaque = row.access_token === 'opaque';
    expect(await service.app.reads(() => service.me(body.access_token))).toBe(opaque ? 1 : 0);
    expect(await service.app.reads(() => service.me(body.access_token))).toBe(0);
  });
});

describe.each(PROFILES)('only stateful is accepted, $name', ({ settings, row }) => {
  let database: TestDatabase;
  const issuing = new Service({ settings });
  const picky = new Service({ settings: { 'auth.mode': 'stateful', 'auth.accept': ['stateful'] } });

  beforeAll(async () => {
    database = await createTestDatabase();
    await issuing.start({ database });
    await picky.start({ database });
  });

  afterAll(async () => {
    await picky.stop();
    await issuing.stop();
    await database.drop();
  });

  it('understands session tokens and refuses every JWT', async () => {
    const { grant } = await issuing.signedIn();
    const jwt = row.access_token === 'jwt';
    expect((await picky.me(grant.access_token)).code).toBe(jwt ? 'invalid_token' : '200');
    expect((await picky.refresh(grant.refresh_token)).code).toBe(row.refresh_token === 'jwt' ? 'invalid_grant' : '200');
  });
});

describe('only stateless is accepted', () => {
  const service = useService({ settings: { 'auth.mode': 'stateless', 'auth.accept': ['stateless'] } });

  it('refuses session tokens', async () => {
    const { grant, sessionId } = await service.signedIn();
    const token = formatOpaqueToken('access', { sessionId, secret: newSecret() });
    expect((await service.me(token)).code).toBe('invalid_token');
    expect((await service.me(grant.access_token)).status).toBe(200);
  });
});

describe('a changed mode', () => {
  const services = PROFILES.map(({ settings }) => new Service({ settings }));
  const flips = PROFILES.flatMap((from, i) =>
    PROFILES.map((to, j) => ({ from: from.name, to: to.name, i, j, row: to.row })).filter(({ j }) => i !== j),
  );
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    for (const service of services) await service.start({ database });
  });

  afterAll(async () => {
    for (const service of services) await service.stop();
    await database.drop();
  });

  function deadlineOf(grant: Grant): number {
    const deadline = grant.session
      ? Date.parse(grant.session['expires_at']!)
      : claimsOf(grant.refresh_token).exp * 1000;
    return Math.floor(deadline / 1000);
  }

  it.each(flips)('signs nobody out: $from to $to and back', async ({ i, j, row }) => {
    const [before, after] = [services[i]!, services[j]!];
    const { grant, sessionId } = await before.signedIn();
    expect((await after.me(grant.access_token)).body).toMatchObject({ session_id: sessionId, user: grant.user });
    const there = (await after.refresh(grant.refresh_token)).body;
    expect(there.access_token.startsWith('eyJ')).toBe(row.access_token === 'jwt');
    expect(there.refresh_token.startsWith('eyJ')).toBe(row.refresh_token === 'jwt');
    expect(await after.me(there.access_token)).toMatchObject({ status: 200, body: { session_id: sessionId } });
    const back = (await before.refresh(there.refresh_token)).body;
    expect(await before.me(back.access_token)).toMatchObject({ status: 200, body: { session_id: sessionId } });
    expect([there, back].map(deadlineOf)).toEqual([deadlineOf(grant), deadlineOf(grant)]);
  });

  it.each(flips)('gives a retry the kind that was decided first: $from to $to', async ({ i, j, row }) => {
    const [before, after] = [services[i]!, services[j]!];
    const { grant } = await before.signedIn();
    const first = (await after.refresh(grant.refresh_token)).body;
    const retry = (await before.refresh(grant.refresh_token)).body;
    expect(retry.access_token.startsWith('eyJ')).toBe(row.access_token === 'jwt');
    expect((await after.refresh(first.refresh_token)).status).toBe(200);
  });

  it.each(flips)('revives no login that was ended before it: $from to $to', async ({ i, j }) => {
    const [before, after] = [services[i]!, services[j]!];
    const { grant } = await before.signedIn();
    await before.http.post('/auth/logout', { token: grant.access_token });
    const endsAtOnce = PROFILES[i]!.row.logout_takes_effect === 'at_once';
    expect((await after.refresh(grant.refresh_token)).code).toBe(endsAtOnce ? 'invalid_grant' : '200');
  });

  it('lists a row from before the change for as long as it lasts, and can end it', async () => {
    const [stateful, , denylist] = services as [Service, Service, Service];
    const { person, sessionId, grant } = await stateful.signedIn();
    const now = await denylist.signedIn(person);
    const token = now.grant.access_token;
    expect((await denylist.sessions(token)).map(({ id }) => id)).toEqual([sessionId]);
    expect((await denylist.http.delete(`/auth/sessions/${sessionId}`, { token })).status).toBe(204);
    expect((await denylist.http.get('/auth/sessions', { token })).code).toBe('unsupported_in_mode');
    expect((await stateful.refresh(grant.refresh_token)).code).toBe('invalid_grant');
  });

  it('does not list a login that went on without its row, and lists it again when it comes back', async () => {
    const [stateful, , denylist] = services as [Service, Service, Service];
    const { person, sessionId, grant } = await stateful.signedIn();
    const witness = await stateful.signedIn(person);
    const ids = async () => (await stateful.sessions(witness.grant.access_token)).map(({ id }) => id);
    const away = (await denylist.refresh(grant.refresh_token)).body;
    expect(await ids()).toEqual([witness.sessionId]);
    await stateful.refresh(away.refresh_token);
    expect((await ids()).sort()).toEqual([witness.sessionId, sessionId].sort());
  });

  it('ends a login that changed its kind once and for all when one of its old tokens is used again', async () => {
    const [stateful, , denylist] = services as [Service, Service, Service];
    const { grant } = await stateful.signedIn();
    const away = (await denylist.refresh(grant.refresh_token)).body;
    denylist.clock.advance(HOUR);
    expect((await denylist.refresh(grant.refresh_token)).code).toBe('refresh_token_reused');
    expect((await denylist.refresh(away.refresh_token)).code).toBe('invalid_grant');
  });
});

describe('stateful, where JWTs from before the flip could not be revoked', () => {
  let database: TestDatabase;
  const none = { 'auth.jwt.revocation': 'none' };
  const before = new Service({ settings: { ...none, 'auth.mode': 'stateless' } });
  const after = new Service({ settings: { ...none, 'auth.mode': 'stateful' } });

  beforeAll(async () => {
    database = await createTestDatabase();
    await before.start({ database });
    await after.start({ database });
  });

  afterAll(async () => {
    await after.stop();
    await before.stop();
    await database.drop();
  });

  async function fromBefore(): Promise<Grant> {
    const { grant } = await before.signedIn();
    expect((await after.me(grant.access_token)).status).toBe(200);
    return grant;
  }

  it('ends their logins at once, by logout', async () => {
    const { access_token: token, refresh_token: refresh } = await fromBefore();
    const { body } = await after.http.post<object>('/auth/logout', { token });
    expect(body).toEqual({ takes_effect: 'at_once', access_token_valid_until: null });
    expect((await after.me(token)).code).toBe('token_revoked');
    expect((await after.refresh(refresh)).code).toBe('invalid_grant');
  });

  it('ends them with everything that a person holds, and with the account', async () => {
    const [left, disabled] = [await fromBefore(), await fromBefore()];
    expect((await after.http.delete('/auth/sessions', { token: left.access_token })).status).toBe(204);
    await after.changes.disable({ tenantId: disabled.user.tenant_id, userId: disabled.user.id });
    for (const { access_token: token } of [left, disabled]) expect((await after.me(token)).code).toBe('token_revoked');
  });

  it('asks nobody about them, and neither does the mode that they came from', async () => {
    const { access_token: token } = await fromBefore();
    for (const service of [after, before]) expect(await service.app.reads(() => service.me(token))).toBe(0);
    await after.http.post('/auth/logout', { token });
    expect((await before.me(token)).status).toBe(200);
  });
});
