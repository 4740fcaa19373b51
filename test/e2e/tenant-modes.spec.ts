import type { AuthMode } from '@latchkey/nest';
import { platformAdministrator, administrator, type AdminCaller } from '../support/admin-caller';
import { PROFILES } from '../support/profiles';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';
import { MINUTE, unique } from '../support/test-app';
import { claimsOf, Service, useService, type Grant, type Person } from './service';

interface Mode {
  readonly mode: AuthMode;
  readonly list_sessions: boolean;
  readonly registration: string;
}

const SHAPES = { stateful: /^lk_at_/, stateless: /^eyJ/ } as const;
const MODES: readonly AuthMode[] = ['stateful', 'stateless'];

describe.each(PROFILES)('tenants with a mode of their own, $name', ({ settings, row }) => {
  const service = useService({ settings });
  let platform: AdminCaller;

  beforeEach(async () => {
    platform = await platformAdministrator(service);
  });

  async function change(tenantId: string, difference: object): Promise<void> {
    const answer = await platform.send(`PATCH /admin/tenants/${tenantId}`, { ...difference, reason: 'for a test' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ tenant: difference });
  }

  async function personUnder(mode: AuthMode | null): Promise<Person> {
    const { id: tenantId } = await service.tenant();
    await change(tenantId, { mode });
    return service.person({ tenantId });
  }

  const modeOf = async (tenantId: string) => (await service.http.get<Mode>(`/auth/mode?tenant_id=${tenantId}`)).body;

  it('sign in side by side, in one process and before the same controllers', async () => {
    for (const mode of MODES) {
      const person = await personUnder(mode);
      const { grant } = await service.signedIn(person);
      expect(grant.access_token).toMatch(SHAPES[mode]);
      const { body: me } = await service.me(grant.access_token);
      expect(me).toMatchObject({ mode, user: { id: person.userId, tenant_id: person.tenantId } });
      expect(await modeOf(person.tenantId)).toMatchObject({ mode });
      const next = await service.refresh(grant.refresh_token);
      expect(next.body.access_token).toMatch(SHAPES[mode]);
    }
    const { grant } = await service.signedIn();
    expect(grant.access_token).toMatch(SHAPES[row.mode]);
  });

  it('change it without logging anybody out: each login follows at its next refresh, under its own id', async () => {
    const person = await personUnder('stateful');
    const { grant: first, sessionId } = await service.signedIn(person);
    let grant: Grant = first;
    for (const mode of ['stateless', 'stateful', 'stateless', null] as const) {
      await change(person.tenantId, { mode });
      expect((await service.me(grant.access_token)).status).toBe(200);
      const answer = await service.refresh(grant.refresh_token);
      expect(answer.status).toBe(200);
      grant = answer.body;
      expect(grant.access_token).toMatch(SHAPES[mode ?? row.mode]);
      expect((await service.me(grant.access_token)).body).toMatchObject({
        session_id: sessionId,
        mode: mode ?? row.mode,
      });
    }
    expect(service.app.logged('refresh_reused')).toEqual([]);
  });

  it('give one successor to many who refresh at once while it changes', async () => {
    const person = await personUnder('stateful');
    const { grant } = await service.signedIn(person);
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, () => service.refresh(grant.refresh_token)),
      change(person.tenantId, { mode: 'stateless' }).then(() => service.refresh(grant.refresh_token)),
      ...Array.from({ length: 20 }, () => service.refresh(grant.refresh_token)),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
  });

  it('keep what a mode promises: a stateful tenant lists its logins and ends them at once', async () => {
    const person = await personUnder('stateful');
    const [one, two, three] = [
      await service.signedIn(person),
      await service.signedIn(person),
      await service.signedIn(person),
    ];
    const token = one.grant.access_token;
    expect(await modeOf(person.tenantId)).toMatchObject({ list_sessions: true, logout_takes_effect: 'at_once' });
    expect((await service.sessions(token)).map(({ id }) => id).sort()).toEqual(
      [one, two, three].map(({ sessionId }) => sessionId).sort(),
    );
    expect((await service.http.delete(`/auth/sessions/${two.sessionId}`, { token })).status).toBe(204);
    expect((await service.me(two.grant.access_token)).code).toBe('token_revoked');
    expect((await service.http.delete('/auth/sessions?except=current', { token })).status).toBe(204);
    expect((await service.me(three.grant.access_token)).code).toBe('token_revoked');
    expect((await service.http.post('/auth/logout', { token, json: {} })).body).toMatchObject({
      takes_effect: 'at_once',
    });
    expect((await service.me(token)).code).toBe('token_revoked');
  });

  it('are ended in every process at once where they are stateful, however warm its caches are', async () => {
    const other = new Service({ settings, database: service.app.database });
    await other.start();
    try {
      const person = await personUnder('stateful');
      const { grant } = await service.signedIn(person);
      for (const process of [service, other, other]) expect((await process.me(grant.access_token)).status).toBe(200);
      expect((await service.http.post('/auth/logout', { token: grant.access_token, json: {} })).status).toBe(200);
      await until('the other process refuses it', async () => (await other.me(grant.access_token)).status === 401, {
        within: timeLimit(5_000),
      });
      expect((await other.refresh(grant.refresh_token)).code).toBe('invalid_grant');
    } finally {
      await other.stop();
    }
  });

  it('say of a stateless tenant what it can do, and do it', async () => {
    const person = await personUnder('stateless');
    const [one, two] = [await service.signedIn(person), await service.signedIn(person)];
    const token = one.grant.access_token;
    const { body: said } = await service.http.get<typeof row>(`/auth/mode?tenant_id=${person.tenantId}`);
    const listed = await service.http.get('/auth/sessions', { token });
    expect(listed.status).toBe(said.list_sessions ? 200 : 409);
    const ended = await service.http.delete(`/auth/sessions/${two.sessionId}`, { token });
    expect(ended.status).toBe(said.revoke_session === false ? 409 : 204);
    expect((await service.me(two.grant.access_token)).status).toBe(said.revoke_session === false ? 200 : 401);
  });

  it('are administered by what their mode can do', async () => {
    const person = await personUnder('stateful');
    const { grant } = await service.signedIn(person);
    const path = `/admin/users/${person.userId}/sessions`;
    expect((await platform.send<{ sessions: object[] }>(`GET ${path}`)).body.sessions).toHaveLength(1);
    const ended = await platform.send<object>(`POST /admin/tenants/${person.tenantId}/revoke`, {
      reason: 'for a test',
    });
    expect(ended.body).toMatchObject({ sessions: 1, counts_all: true });
    expect((await service.me(grant.access_token)).code).toBe('token_revoked');
  });

  it('are none of each other’s business', async () => {
    const [here, there] = [await personUnder('stateful'), await personUnder('stateless')];
    await change(here.tenantId, { mode: null });
    expect(await modeOf(there.tenantId)).toMatchObject({ mode: 'stateless' });
    expect((await service.signedIn(there)).grant.access_token).toMatch(SHAPES.stateless);
  });

  it('have shorter lives of tokens, never longer ones', async () => {
    for (const mode of MODES) {
      const person = await personUnder(mode);
      const usual = (await service.signedIn(person)).grant;
      await change(person.tenantId, { access_token_ttl: 60, refresh_token_ttl: 3_600 });
      const start = service.clock.now();
      const { grant } = await service.signedIn(person);
      expect(grant.expires_in).toBe(60);
      expect(Math.abs(Date.parse(grant.expires_at) - start - MINUTE)).toBeLessThan(30_000);
      if (mode === 'stateless')
        expect(claimsOf(grant.access_token)).toMatchObject({ exp: expect.any(Number) as number });
      expect((await service.refresh(usual.refresh_token)).body.expires_in).toBe(60);
      await change(person.tenantId, { access_token_ttl: 300 * 86_400, refresh_token_ttl: 300 * 86_400 });
      expect((await service.signedIn(person)).grant.expires_in).toBe(usual.expires_in);
      await change(person.tenantId, { access_token_ttl: null, refresh_token_ttl: null });
      expect((await service.signedIn(person)).grant.expires_in).toBe(usual.expires_in);
    }
  });

  it.each(MODES)('end a login when the tenant says so, %s', async (mode) => {
    const person = await personUnder(mode);
    await change(person.tenantId, { access_token_ttl: 600, refresh_token_ttl: 3_600 });
    const { grant } = await service.signedIn(person);
    service.clock.advance(45 * MINUTE);
    const later = await service.refresh(grant.refresh_token);
    expect(later.body.expires_in).toBe(600);
    service.clock.advance(16 * MINUTE);
    expect((await service.me(later.body.access_token)).code).toBe('token_expired');
    expect((await service.refresh(later.body.refresh_token)).code).toBe('invalid_grant');
  });

  it('answer for the tenant of the host, and as the configuration has it for one that is not there', async () => {
    const host = `${unique('login')}.example.com`;
    const { id } = await service.tenant({ hosts: [host] });
    const other = row.mode === 'stateful' ? 'stateless' : 'stateful';
    await change(id, { mode: other, registration: 'invite' });
    const asked = await service.app.app.inject({ method: 'GET', url: '/auth/mode', headers: { host } });
    expect(asked.json()).toMatchObject({ mode: other, registration: 'invite' });
    // One that is not there looks like one that has chosen nothing.
    const { body: plain } = await service.http.get(`/auth/mode?tenant_id=${(await service.tenant()).id}`);
    expect(plain).toMatchObject({ mode: row.mode, registration: 'closed' });
    expect(await modeOf('00000000-0000-4000-8000-000000000000')).toEqual(plain);
    expect(await modeOf((await service.defaultTenant()).id)).toMatchObject({ registration: 'open' });
    expect((await service.http.get('/auth/mode?tenant_id=x')).code).toBe('validation_failed');
  });

  it('get their mode from the platform alone; their administrators choose the lifetimes', async () => {
    const { id } = await service.tenant();
    const own = await administrator(service, id);
    const refused = await own.send(`PATCH /admin/tenants/${id}`, { mode: 'stateful', reason: 'for a test' });
    expect([refused.status, refused.code]).toEqual([403, 'insufficient_role']);
    const none = await own.send(`PATCH /admin/tenants/${id}`, { mode: null, reason: 'for a test' });
    expect([none.status, none.code]).toEqual([403, 'insufficient_role']);
    const shorter = await own.send(`PATCH /admin/tenants/${id}`, { access_token_ttl: 60, reason: 'for a test' });
    expect(shorter.body).toMatchObject({ tenant: { access_token_ttl: 60, mode: null } });
    const foreign = await service.tenant();
    expect((await own.send(`PATCH /admin/tenants/${foreign.id}`, { access_token_ttl: 60, reason: 'x y' })).status).toBe(
      404,
    );
  });

  it.each([
    { mode: 'both' },
    { mode: '' },
    { access_token_ttl: 9 },
    { access_token_ttl: 1.5 },
    { refresh_token_ttl: -1 },
    { refresh_token_ttl: 31_536_001 },
    { refresh_token_ttl: '60' },
  ])('refuse %j', async (difference) => {
    const { id } = await service.tenant();
    const answer = await platform.send(`PATCH /admin/tenants/${id}`, { ...difference, reason: 'for a test' });
    expect([answer.status, answer.code]).toEqual([400, 'validation_failed']);
  });
});

describe('a service that understands one kind of token', () => {
  const service = useService({ settings: { 'auth.mode': 'stateful', 'auth.accept': ['stateful'] } });

  it('gives no tenant the other mode', async () => {
    const platform = await platformAdministrator(service);
    const { id } = await service.tenant();
    const answer = await platform.send(`PATCH /admin/tenants/${id}`, { mode: 'stateless', reason: 'for a test' });
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([400, '/mode']);
  });
});

describe('a service that no longer understands what a tenant has chosen', () => {
  const before = useService({ settings: { 'auth.mode': 'stateful' } });

  it('signs its people in by the configured mode', async () => {
    const platform = await platformAdministrator(before);
    const { id: tenantId } = await before.tenant();
    await platform.send(`PATCH /admin/tenants/${tenantId}`, { mode: 'stateless', reason: 'for a test' });
    const person = await before.person({ tenantId });
    expect((await before.signedIn(person)).grant.access_token).toMatch(SHAPES.stateless);
    const after = new Service({
      settings: { 'auth.mode': 'stateful', 'auth.accept': ['stateful'] },
      database: before.app.database,
    });
    await after.start();
    try {
      expect((await after.signedIn(person)).grant.access_token).toMatch(SHAPES.stateful);
    } finally {
      await after.stop();
    }
  });
});
