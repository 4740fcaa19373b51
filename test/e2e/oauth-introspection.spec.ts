import { randomUUID } from 'node:crypto';
import { RevocationFeed } from '../../src/revocation/revocation-feed';
import { oauthCaller, type OAuthCaller } from '../support/oauth-caller';
import { PROFILES } from '../support/profiles';
import { HOUR } from '../support/test-app';
import { until } from '../support/until';
import { claimsOf, useService } from './service';

/** RFC 7662, section 2.2, and what Latchkey adds: the contract of every resource server. */
const FIELDS = [
  'active',
  'amr',
  'aud',
  'auth_time',
  'email',
  'exp',
  'gen',
  'iat',
  'iss',
  'name',
  'roles',
  'sid',
  'sub',
  'tenant_id',
  'token_kind',
  'token_type',
  'user_id',
  'username',
];
const INACTIVE = '{"active":false}';

describe.each(PROFILES)('introspection, $name', ({ settings, row }) => {
  const service = useService({ settings });
  let caller: OAuthCaller;

  beforeAll(async () => {
    caller = await oauthCaller(service.app, { tenants: [(await service.defaultTenant()).id] });
  });

  it('says of an active token what it stands for, in these fields and no others', async () => {
    const person = await service.person({ roles: ['admin'] });
    const { grant, sessionId } = await service.signedIn(person);
    const { status, body, headers } = await caller.introspect(grant.access_token);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    const jwt = row.access_token === 'jwt';
    expect(Object.keys(body).sort()).toEqual([...FIELDS, ...(jwt ? ['jti'] : [])].sort());
    expect(body).toMatchObject({
      active: true,
      token_type: 'Bearer',
      token_kind: row.access_token,
      iss: 'latchkey',
      sub: person.userId,
      aud: 'latchkey-api',
      sid: sessionId,
      user_id: person.userId,
      tenant_id: person.tenantId,
      username: person.username,
      email: person.email,
      name: 'Ada',
      roles: ['admin'],
      amr: ['pwd'],
    });
    const now = Math.floor(Date.now() / 1000);
    expect(body['exp']).toBeGreaterThan(now);
    for (const past of ['iat', 'auth_time']) expect(Math.abs((body[past] as number) - now)).toBeLessThan(60);
    expect(body['gen']).toEqual([expect.any(Number), expect.any(Number), expect.any(Number)]);
    if (jwt) expect(body).toMatchObject({ ...pick(claimsOf(grant.access_token), ['jti', 'iat', 'exp', 'gen', 'sid']) });
  });

  it('says exactly one thing of anything that is not active', async () => {
    const { grant } = await service.signedIn();
    const { access_token: token } = grant;
    const parts = token.split('.');
    const others = [
      'nonsense',
      'lk_at_',
      token.slice(0, -1),
      `${token}x`,
      grant.refresh_token,
      `${parts.slice(0, 2).join('.')}.AAAA`,
      'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.',
      'x'.repeat(9_000),
      randomUUID(),
    ];
    for (const other of others) {
      const answer = await caller.introspect(other);
      expect([other, answer.status, answer.text]).toEqual([other, 200, INACTIVE]);
    }
  });

  it('says no more of a token of another tenant, or for another audience, than of one that is made up', async () => {
    const elsewhere = await service.tenant();
    const { grant } = await service.signedIn(await service.person({ tenantId: elsewhere.id }));
    const own = await oauthCaller(service.app, { tenants: [elsewhere.id] });
    const everywhere = await oauthCaller(service.app, { tenants: 'all' });
    const deaf = await oauthCaller(service.app, { tenants: 'all', audiences: ['another-api'] });
    const body = async (asked: OAuthCaller) => (await asked.introspect(grant.access_token)).body;
    expect(await body(own)).toMatchObject({ active: true, tenant_id: elsewhere.id });
    expect(await body(everywhere)).toMatchObject({ active: true, tenant_id: elsewhere.id });
    expect(await body(caller)).toEqual({ active: false });
    expect(await body(deaf)).toEqual({ active: false });
  });

  it('forgets a token that has expired', async () => {
    const { grant } = await service.signedIn();
    expect((await caller.introspect(grant.access_token)).body.active).toBe(true);
    service.clock.advance(25 * HOUR);
    expect((await caller.introspect(grant.access_token)).text).toBe(INACTIVE);
  });

  it('learns at once of a logout, of a disabled account and of changed roles, as far as tokens can be revoked', async () => {
    const active = row.logout_takes_effect === 'at_expiry';
    const ends: ((person: { tenantId: string; userId: string }, token: string) => Promise<unknown>)[] = [
      (_, token) => service.http.post('/auth/logout', { token }),
      (person) => service.changes.disable(person),
    ];
    for (const end of ends) {
      const { person, grant } = await service.signedIn();
      expect((await caller.introspect(grant.access_token)).body.active).toBe(true);
      await end({ tenantId: person.tenantId, userId: person.userId }, grant.access_token);
      expect((await caller.introspect(grant.access_token)).body.active).toBe(active);
    }
    const { person, grant } = await service.signedIn();
    await service.changes.setRoles({ tenantId: person.tenantId, userId: person.userId }, ['auditor']);
    const { body } = await caller.introspect(grant.access_token);
    if (row.access_token === 'opaque') expect(body).toMatchObject({ active: true, roles: ['auditor'] });
    else expect(body.active).toBe(active);
  });

  it('answers from memory what was asked before', async () => {
    const { grant } = await service.signedIn();
    await caller.introspect(grant.access_token);
    // One read finds the client; the token costs none.
    expect(await service.app.reads(() => caller.introspect(grant.access_token))).toBe(1);
  });
});

describe.each(PROFILES)('introspection without the feed, $name', ({ settings, row }) => {
  const service = useService({ settings: { ...settings, 'auth.feed.on_loss': 'fail_closed' } });

  it('cannot judge what only the feed could revoke: 503, never a guess', async () => {
    const caller = await oauthCaller(service.app, { tenants: 'all' });
    const [known, unknown] = [await service.signedIn(), await service.signedIn()];
    expect((await caller.introspect(known.grant.access_token)).body.active).toBe(true);
    const feed = service.app.provider(RevocationFeed);
    await feed.onApplicationShutdown();
    await until('the feed is lost', () => !feed.isFresh());
    const needsFeed = row.access_token === 'jwt' && row.logout_takes_effect === 'at_once';
    for (const { grant } of [known, unknown]) {
      const answer = await caller.introspect(grant.access_token);
      expect([answer.status, answer.body.active]).toEqual(needsFeed ? [503, undefined] : [200, true]);
      if (!needsFeed) continue;
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.body).toMatchObject({ code: 'unavailable', error: 'temporarily_unavailable' });
      expect(answer.text).not.toContain('active');
    }
    expect((await caller.introspect('nonsense')).text).toBe(INACTIVE);
  });
});

describe('introspection beside a bound login', () => {
  const service = useService({ settings: { 'auth.mode': 'stateful', 'auth.session.bind': 'user_agent' } });

  it('compares the login with its owner’s client, not with the resource server', async () => {
    const caller = await oauthCaller(service.app, { tenants: 'all' });
    const headers = { 'user-agent': 'the browser' };
    const { grant } = await service.signedIn(undefined, {}, { headers });
    expect((await caller.introspect(grant.access_token)).body.active).toBe(true);
    expect((await service.me(grant.access_token, { headers })).status).toBe(200);
    expect((await service.me(grant.access_token, { headers: { 'user-agent': 'another' } })).code).toBe('invalid_token');
  });
});

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}
