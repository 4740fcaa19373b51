import { randomUUID } from 'node:crypto';
import { SecurityKey } from '../support/authenticator';
import { PROFILES } from '../support/profiles';
import { unique } from '../support/test-app';
import { withClient } from '../support/test-database';
import { GUARDED } from './routes';
import { PASSWORD, useService, type Person, type SignedIn } from './service';

const ORIGIN = 'https://login.example.com';

/** Guarded routes with an id beside those of administration, which have a table of their own. Each is asked for below. */
const WITH_IDS = [
  'DELETE /auth/devices/:id',
  'DELETE /auth/identities/:id',
  'DELETE /auth/mfa/passkeys/:id',
  'DELETE /auth/sessions/:id',
  'PATCH /auth/mfa/passkeys/:id',
];

/** Ids of what a person has beside a login. */
interface Belongings {
  readonly token: string;
  readonly passkey: string;
  readonly device: string;
  readonly identity: string;
}

describe.each(PROFILES)('tenants, $name', ({ settings, row }) => {
  const service = useService({ settings: { ...settings, 'server.public_url': ORIGIN } });

  /** One person in each of two tenants, alike in everything but the password. */
  async function twins(): Promise<[Person, Person]> {
    const [here, there] = [await service.tenant(), await service.tenant()];
    const names = { email: `${unique('ada')}@example.com`, username: unique('ada') };
    return [
      await service.person({ ...names, tenantId: here.id }),
      await service.person({ ...names, tenantId: there.id, password: `${PASSWORD} of the other` }),
    ];
  }

  async function isAlive({ grant }: SignedIn): Promise<boolean> {
    const answers = [await service.me(grant.access_token), await service.refresh(grant.refresh_token)];
    return answers.every(({ status }) => status === 200);
  }

  it('keep accounts with the same names apart', async () => {
    const [here, there] = await twins();
    const [mine, theirs] = [await service.signedIn(here), await service.signedIn(there)];
    expect(mine.grant.user).toMatchObject({ id: here.userId, tenant_id: here.tenantId });
    expect(theirs.grant.user).toMatchObject({ id: there.userId, tenant_id: there.tenantId });
  });

  it("refuse the other tenant's password", async () => {
    const [here, there] = await twins();
    expect((await service.login(here, { password: there.password })).code).toBe('invalid_credentials');
    expect((await service.login(here, { tenant_id: there.tenantId })).code).toBe('invalid_credentials');
  });

  it('search nobody: without an id or a host, only the default tenant is meant', async () => {
    const [here] = await twins();
    const { email, password } = here;
    expect((await service.http.post('/auth/login', { json: { email, password } })).code).toBe('invalid_credentials');
  });

  it('are known by their host, unless a login names another one', async () => {
    const host = `${unique('acme')}.example.com`;
    const acme = await service.tenant({ hosts: [host] });
    const { email, password, userId } = await service.person({ tenantId: acme.id });
    const login = (to: string, tenantId?: string) =>
      service.app.app.inject({
        method: 'POST',
        url: '/auth/login',
        headers: { host: to },
        payload: { email, password, tenant_id: tenantId },
      });
    expect((await login(`${host.toUpperCase()}:443`)).json()).toMatchObject({ user: { id: userId } });
    expect((await login('elsewhere.example.com')).json()).toMatchObject({ code: 'invalid_credentials' });
    expect((await login(host, (await service.defaultTenant()).id)).statusCode).toBe(401);
    expect((await login(host, randomUUID())).statusCode).toBe(401);
    expect((await login('elsewhere.example.com', acme.id)).statusCode).toBe(200);
  });

  it('believe no header about the tenant, the user or the host', async () => {
    const [here, there] = await twins();
    const { grant } = await service.signedIn(here);
    const headers = {
      'x-tenant-id': there.tenantId,
      'x-user-id': there.userId,
      'x-user-roles': 'admin',
      'x-forwarded-host': 'elsewhere.example.com',
    };
    const { body } = await service.me(grant.access_token, { headers });
    expect(body.user).toEqual(grant.user);
  });

  it("find nothing behind the other tenant's ids, on any route that takes one, and touch nothing", async () => {
    const [here, there] = await twins();
    const [mine, theirs] = [await service.signedIn(here), await service.signedIn(there)];
    const foreign = { session: theirs.sessionId, user: there.userId, tenant: there.tenantId };
    const notMine = { listed: 404, by_sid: 204, false: 409 }[`${row.revoke_session}`];
    for (const id of Object.values(foreign)) {
      const answer = await service.http.delete(`/auth/sessions/${id}`, { token: mine.grant.access_token });
      expect(answer.status).toBe(notMine);
    }
    const asked = row.revoke_session === 'listed' ? [foreign.session] : [];
    expect(attemptsOf(here, 'cross_tenant_attempt')).toEqual(asked.map((id) => ['session', id]));
    for (const query of [`tenant_id=${foreign.tenant}`, `user_id=${foreign.user}`]) {
      const token = mine.grant.access_token;
      expect((await service.http.delete(`/auth/sessions?${query}`, { token })).status).toBe(400);
      const me = await service.http.get<object>(`/auth/me?${query}`, { token });
      expect(me.body).toMatchObject({ user: mine.grant.user });
    }
    expect(await isAlive(theirs)).toBe(true);
  });

  it('are looked at on every guarded route with an id', () => {
    // A provider is named, and by the configuration alone.
    const ids = GUARDED.filter((route) => /:(?!provider)/.test(route) && !route.includes(' /admin/'));
    expect(ids).toEqual(WITH_IDS);
  });

  it("find nothing behind the ids of the other tenant's passkeys, devices and identities, and touch none", async () => {
    const [here, there] = await twins();
    const token = (await service.signedIn(here)).grant.access_token;
    const theirs = await belongings(there);
    const before = await belongingsSeen(theirs.token);
    for (const id of [theirs.passkey, theirs.device, theirs.identity, there.userId, there.tenantId, randomUUID()]) {
      const answers = [
        await service.http.delete(`/auth/mfa/passkeys/${id}`, { token }),
        await service.http.send('PATCH', `/auth/mfa/passkeys/${id}`, { token, json: { name: 'mine' } }),
        await service.http.delete(`/auth/devices/${id}`, { token }),
        await service.http.delete(`/auth/identities/${id}`, { token }),
      ];
      expect(answers.map(({ status, code }) => [status, code])).toEqual(Array(4).fill([404, 'not_found']));
    }
    expect(attemptsOf(here, 'cross_tenant_attempt')).toEqual([
      ['passkey', theirs.passkey],
      ['passkey', theirs.passkey],
      ['device', theirs.device],
      ['identity', theirs.identity],
    ]);
    expect(attemptsOf(here, 'cross_user_attempt')).toEqual([]);
    expect(await belongingsSeen(theirs.token)).toEqual(before);
    expect(JSON.stringify(before)).toContain(theirs.device);
    expect(JSON.stringify(before)).toContain(theirs.identity);
  });

  it("tell the operator of attempts at a colleague's things, and of none at one's own or at nothing", async () => {
    const mine = await service.person();
    const [token, theirs] = [
      (await service.signedIn(mine)).grant.access_token,
      await belongings(await service.person({ tenantId: mine.tenantId })),
    ];
    for (const [path, id] of [
      ['/auth/mfa/passkeys', theirs.passkey],
      ['/auth/devices', theirs.device],
      ['/auth/identities', theirs.identity],
    ] as const) {
      const [foreign, unknown] = [
        await service.http.delete(`${path}/${id}`, { token }),
        await service.http.delete(`${path}/${randomUUID()}`, { token }),
      ];
      expect([foreign.status, foreign.code]).toEqual([404, 'not_found']);
      expect(foreign.text.replace(/"request_id":"[^"]*"/, '')).toBe(unknown.text.replace(/"request_id":"[^"]*"/, ''));
    }
    expect(attemptsOf(mine, 'cross_user_attempt')).toEqual([
      ['passkey', theirs.passkey],
      ['device', theirs.device],
      ['identity', theirs.identity],
    ]);
    expect(attemptsOf(mine, 'cross_tenant_attempt')).toEqual([]);
  });

  function attemptsOf({ userId }: Person, event: string): unknown[] {
    const lines = service.app.logged(event).filter((line) => line['user_id'] === userId);
    return lines.map((line) => [line['target_kind'], line['target_id']]);
  }

  /** A passkey, a device that is trusted, and an identity of a provider. */
  async function belongings(person: Person): Promise<Belongings> {
    const { access_token: token } = (await service.signedIn(person)).grant;
    const { body: options } = await service.http.post<{ challenge: string; user: { id: string }; rp: { id: string } }>(
      '/auth/mfa/passkeys/options',
      { token },
    );
    const json = { passkey: new SecurityKey(ORIGIN).create(options as never), name: 'theirs' };
    const added = await service.http.post<{ id: string; recovery_codes: string[] }>('/auth/mfa/passkeys', {
      token,
      json,
    });
    const second = await service.login(person, { mfa_code: added.body.recovery_codes[0], trust_device: true });
    const [, devices] = await belongingsSeen(second.body.access_token);
    const [device] = (devices as { devices: { id: string }[] }).devices;
    const identity = randomUUID();
    await withClient(service.app.database.url, (client) =>
      client.query(
        `INSERT INTO federated_identities (id, tenant_id, user_id, provider, issuer, subject, created_at)
         VALUES ($1, $2, $3, 'op', 'https://op.example', 'ada', now())`,
        [identity, person.tenantId, person.userId],
      ),
    );
    return { token: second.body.access_token, passkey: added.body.id, device: device?.id ?? '', identity };
  }

  async function belongingsSeen(token: string): Promise<unknown[]> {
    const answers = [
      await service.http.get('/auth/mfa', { token }),
      await service.http.get('/auth/devices', { token }),
      await service.http.get('/auth/identities', { token }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    return answers.map(({ body }) => body);
  }

  it("list none of the other tenant's logins, and end none of them with one's own", async () => {
    const [here, there] = await twins();
    const [mine, theirs] = [await service.signedIn(here), await service.signedIn(there)];
    const token = mine.grant.access_token;
    if (row.list_sessions) {
      expect((await service.sessions(token)).map(({ id }) => id)).toEqual([mine.sessionId]);
    } else expect((await service.http.get('/auth/sessions', { token })).code).toBe('unsupported_in_mode');
    expect((await service.http.delete('/auth/sessions', { token })).status).toBe(row.revoke_all_sessions ? 204 : 409);
    expect(await isAlive(theirs)).toBe(true);
  });

  it('lock an account in one of them only', async () => {
    const [here, there] = await twins();
    for (let i = 0; i < 6; i += 1) await service.login(here, { password: 'wrong horse battery' });
    expect((await service.login(here)).code).toBe('account_locked');
    expect((await service.login(there)).status).toBe(200);
  });

  it('disable an account in one of them only', async () => {
    const [here, there] = await twins();
    const theirs = await service.signedIn(there);
    await service.changes.disable(here);
    expect(await isAlive(theirs)).toBe(true);
    expect((await service.login(there)).status).toBe(200);
  });
});
