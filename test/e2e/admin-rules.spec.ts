import { administrator, platformAdministrator, type AdminCaller } from '../support/admin-caller';
import { OAuthCaller } from '../support/oauth-caller';
import { unique } from '../support/test-app';
import { useService } from './service';

const reason = 'for a test of the rules';

interface User {
  readonly id: string;
  readonly username: string;
  readonly roles: string[];
  readonly status: string;
}
interface Users {
  readonly users: User[];
  readonly next: string | null;
}
interface MadeClient {
  readonly client: { readonly id: string; readonly tenant_ids: string[] };
  readonly client_secret: string;
}

describe('administration', () => {
  const service = useService({ settings: { 'auth.mode': 'stateful' } });
  let platform: AdminCaller;
  let admin: AdminCaller;

  beforeAll(async () => {
    platform = await platformAdministrator(service);
    admin = await administrator(service, (await service.tenant()).id);
  });

  const adminOfNewTenant = async () => administrator(service, (await service.tenant()).id);

  describe('keeps somebody who can administer', () => {
    it('refuses to disable, delete or demote oneself, or to reset one’s own password and factors', async () => {
      await administrator(service, admin.tenantId);
      const own = `/admin/users/${admin.id}`;
      const asked: [string, object][] = [
        [`PATCH ${own}`, { status: 'disabled', reason }],
        [`PATCH ${own}`, { roles: [], reason }],
        [`PATCH ${own}`, { roles: ['billing'], reason }],
        [`DELETE ${own}`, { reason }],
        [`POST ${own}/password`, { action: 'temporary', reason }],
        [`POST ${own}/password`, { action: 'remove', reason }],
        [`DELETE ${own}/factors`, { reason }],
      ];
      for (const [route, body] of asked) {
        const { status, code } = await admin.send(route, body);
        expect([route, status, code]).toEqual([route, 409, 'conflict']);
      }
      expect((await admin.send(`PATCH ${own}`, { roles: ['admin', 'billing'], reason })).status).toBe(200);
    });

    it('refuses it to the platform’s administrator too, where it is the last one of a tenant', async () => {
      const last = await adminOfNewTenant();
      const path = `/admin/users/${last.id}`;
      const ends: [string, object][] = [
        [`PATCH ${path}`, { status: 'disabled', reason }],
        [`PATCH ${path}`, { roles: [], reason }],
        [`POST ${path}/password`, { action: 'remove', reason }],
        [`DELETE ${path}`, { reason }],
      ];
      for (const [route, body] of ends) expect((await platform.send(route, body)).code).toBe('conflict');
      expect((await last.send('GET /admin/users')).status).toBe(200);
      // One who is disabled is none.
      const second = await administrator(service, last.tenantId);
      await last.send(`PATCH /admin/users/${second.id}`, { status: 'disabled', reason });
      expect((await platform.send(`DELETE ${path}`, { reason })).code).toBe('conflict');
      await platform.send(`PATCH /admin/users/${second.id}`, { status: 'active', reason });
      expect((await platform.send(`DELETE ${path}`, { reason })).status).toBe(204);
    });

    it('leaves one when all of them remove each other at once', async () => {
      const first = await adminOfNewTenant();
      const all = [first, ...(await Promise.all([1, 2, 3].map(() => administrator(service, first.tenantId))))];
      await Promise.all(
        all.flatMap((by) =>
          all
            .filter((of) => of !== by)
            .map((of) => by.send(`PATCH /admin/users/${of.id}`, { status: 'disabled', reason })),
        ),
      );
      const { body } = await platform.send<Users>(`GET /admin/users?tenant_id=${first.tenantId}&status=active`);
      expect(body.users.length).toBeGreaterThanOrEqual(1);
    });

    it('keeps the last administrator of the platform from another one who would be none', async () => {
      const alone = await platform.send<Users>('GET /admin/users?role=platform_admin');
      expect(alone.body.users.map(({ id }) => id)).toEqual([platform.id]);
      expect((await platform.send(`PATCH /admin/users/${platform.id}`, { roles: ['admin'], reason })).code).toBe(
        'conflict',
      );
    });
  });

  describe('keeps the platform’s role', () => {
    it('from being given by anybody', async () => {
      const who = await service.person();
      const ofDefault = await administrator(service);
      for (const caller of [ofDefault, platform]) {
        const roles = ['platform_admin'];
        const changed = await caller.send(`PATCH /admin/users/${who.userId}`, { roles, reason });
        expect(changed.code).toBe('insufficient_role');
        const made = await caller.send('POST /admin/users', { username: unique('eve'), roles });
        expect(made.code).toBe('insufficient_role');
      }
    });

    it('out of the hands of whoever administers the default tenant alone', async () => {
      const ofDefault = await administrator(service);
      const path = `/admin/users/${platform.id}`;
      const asked: [string, object | undefined][] = [
        [`PATCH ${path}`, { name: 'Eve' }],
        [`PATCH ${path}`, { roles: ['admin'], reason }],
        [`PATCH ${path}`, { status: 'disabled', reason }],
        [`DELETE ${path}`, { reason }],
        [`POST ${path}/password`, { action: 'temporary', reason }],
        [`DELETE ${path}/factors`, { reason }],
        [`DELETE ${path}/sessions`, { reason }],
        [`DELETE ${path}/sessions/${platform.login.sessionId}`, undefined],
        [`POST ${path}/unlock`, {}],
      ];
      for (const [route, body] of asked) {
        const { status, code } = await ofDefault.send(route, body);
        expect([route, status, code]).toEqual([route, 403, 'insufficient_role']);
      }
      expect((await platform.send('GET /admin/mode')).status).toBe(200);
    });
  });

  describe('lists accounts', () => {
    const namesOf = async (caller: AdminCaller, query: string): Promise<string[]> =>
      (await caller.send<Users>(`GET /admin/users?${query}`)).body.users.map(({ username }) => username);

    it('by how an address or a username begins, whatever its case, and takes no character for a wildcard', async () => {
      const caller = await adminOfNewTenant();
      const { tenantId } = caller;
      await service.person({ tenantId, email: 'Grace@navy.example', username: 'amazing' });
      await service.person({ tenantId, email: 'alan@example.com', username: 'Grace_H' });
      await service.person({ tenantId, email: 'x@example.com', username: 'zz' });
      expect(await namesOf(caller, 'search=gRaCe')).toEqual(['amazing', 'Grace_H']);
      expect(await namesOf(caller, 'search=grace@')).toEqual(['amazing']);
      expect(await namesOf(caller, 'search=grace%5F')).toEqual(['Grace_H']);
      for (const nothing of ['race', '%25', '_race', 'grace%00x', 'gr%5Cace', "' OR 1=1"]) {
        const answer = await caller.send<Users>(
          `GET /admin/users?search=${encodeURIComponent(decodeURIComponent(nothing))}`,
        );
        expect(answer.status === 400 ? [] : answer.body.users).toEqual([]);
      }
    });

    it('by status and role', async () => {
      const caller = await adminOfNewTenant();
      const { tenantId } = caller;
      const [ops, off] = [await service.person({ tenantId, roles: ['ops'] }), await service.person({ tenantId })];
      await service.changes.disable(off);
      expect(await namesOf(caller, 'role=ops')).toEqual([ops.username]);
      expect(await namesOf(caller, 'status=disabled')).toEqual([off.username]);
      expect(await namesOf(caller, 'status=disabled&role=ops')).toEqual([]);
    });

    it('in pages, also when the account that a page ended with is gone', async () => {
      const caller = await adminOfNewTenant();
      const { tenantId } = caller;
      const people = [];
      for (let i = 0; i < 5; i += 1) people.push(await service.person({ tenantId }));
      const seen: string[] = [];
      let next: string | null = '';
      while (next !== null) {
        const after: string = next === '' ? '' : `&after=${next}`;
        const page = (await caller.send<Users>(`GET /admin/users?limit=2${after}`)).body;
        seen.push(...page.users.map(({ id }) => id));
        next = page.next;
        if (seen.length === 4) await caller.send(`DELETE /admin/users/${seen[3]}`, { reason });
      }
      expect(seen).toEqual([caller.id, ...people.map(({ userId }) => userId)]);
    });

    it.each(['limit=0', 'limit=201', 'limit=-1', 'limit=1e2', 'limit=', 'limit=1&limit=2', 'after=x', 'after=1.x'])(
      'refuses %s',
      async (query) => {
        expect((await admin.send(`GET /admin/users?${query}`)).code).toBe('validation_failed');
      },
    );

    it.each(['status=gone', 'unknown=1', 'tenant_id=x', `search=${'a'.repeat(255)}`, 'search=%00', 'search='])(
      'refuses %s as well',
      async (query) => {
        expect((await admin.send(`GET /admin/users?${query}`)).code).toBe('validation_failed');
      },
    );

    it('begins nowhere for a place that never was', async () => {
      const after = '999999999999999.3f1b1f1e-0000-4000-8000-000000000000';
      const { status, body } = await admin.send<Users>(`GET /admin/users?after=${after}`);
      expect([status, body]).toEqual([200, { users: [], next: null }]);
    });
  });

  describe('makes and changes accounts', () => {
    it('with or without a password, and tells when a name is taken', async () => {
      const username = unique('bo');
      const made = await admin.send<{ user: User }>('POST /admin/users', {
        username,
        roles: ['ops', 'ops'],
        name: 'Bo',
      });
      expect(made.body.user).toMatchObject({ username, roles: ['ops'], status: 'active', has_password: false });
      expect((await admin.send('POST /admin/users', { username })).code).toBe('conflict');
      expect((await admin.send('POST /admin/users', {})).code).toBe('validation_failed');
      expect((await admin.send('POST /admin/users', { username: unique('c'), password: 'x' })).code).toBe(
        'weak_password',
      );
    });

    it('one thing at a time, and asks why where it matters', async () => {
      const { userId } = await service.person({ tenantId: admin.tenantId });
      const change = (body: object) => admin.send<{ user: object }>(`PATCH /admin/users/${userId}`, body);
      expect((await change({ name: 'Grace' })).body.user).toMatchObject({ name: 'Grace' });
      expect((await change({ name: null })).body.user).toMatchObject({ name: null });
      const refused = [
        {},
        { reason },
        { name: 'x', roles: [], reason },
        { roles: ['a', 'b'] },
        { status: 'disabled' },
        { status: 'deleted', reason },
        { roles: ['two words'], reason },
        { roles: 'admin', reason },
        { name: 'two\nlines' },
        { email: 'a@example.com' },
        { generation: 7, name: 'x' },
      ];
      for (const body of refused) expect([body, (await change(body)).code]).toEqual([body, 'validation_failed']);
    });

    it.each(['no', '', '   ', 'two\nlines', 'a\u2028b', 'x\u0000yz', 'a'.repeat(501), '\ud800abc', 7, null])(
      'takes no reason like %p',
      async (given) => {
        const { userId } = await service.person({ tenantId: admin.tenantId });
        const answer = await admin.send(`DELETE /admin/users/${userId}`, { reason: given });
        expect(answer.code).toBe('validation_failed');
      },
    );
  });

  describe('records', () => {
    it('who did what to whom, and why, once it is done and only then', async () => {
      const caller = await adminOfNewTenant();
      const { userId } = await service.person({ tenantId: caller.tenantId });
      const before = service.app.logged('admin_changed').length;
      await caller.send(`PATCH /admin/users/${userId}`, { roles: ['ops'], reason });
      await caller.send(`PATCH /admin/users/${caller.id}`, { status: 'disabled', reason });
      await caller.send(`DELETE /admin/users/${userId}`, { reason: 'left the company' });
      const by = { level: 'info', actor_kind: 'user', actor_id: caller.id, tenant_id: caller.tenantId };
      expect(service.app.logged('admin_changed').slice(before)).toEqual([
        expect.objectContaining({ ...by, kind: 'user_roles_set', target_kind: 'user', target_id: userId, reason }),
        expect.objectContaining({ ...by, kind: 'user_deleted', target_id: userId, reason: 'left the company' }),
      ]);
    });
  });

  describe('of tenants', () => {
    it('makes them, lists them in pages and changes them', async () => {
      const slug = unique('acme');
      const host = `${slug}.example.com`;
      const made = await platform.send<{ tenant: { id: string } }>('POST /admin/tenants', { slug, hosts: [host] });
      expect(made.body.tenant).toMatchObject({ slug, name: slug, hosts: [host], registration: null });
      expect((await platform.send('POST /admin/tenants', { slug })).code).toBe('conflict');
      const path = `/admin/tenants/${made.body.tenant.id}`;
      const changed = await platform.send<object>(`PATCH ${path}`, { name: 'Acme', registration: 'closed' });
      expect(changed.body).toMatchObject({ tenant: { name: 'Acme', hosts: [host], registration: 'closed' } });
      expect((await platform.send<object>(`PATCH ${path}`, { registration: null })).body).toMatchObject({
        tenant: { name: 'Acme', registration: null },
      });
      const slugs: string[] = [];
      let query = '?limit=1';
      for (let page = 0; page < 100 && query !== ''; page += 1) {
        const { body } = await platform.send<{ tenants: { slug: string }[]; next: string | null }>(
          `GET /admin/tenants${query}`,
        );
        slugs.push(...body.tenants.map((tenant) => tenant.slug));
        query = body.next === null ? '' : `?limit=1&after=${body.next}`;
      }
      expect(slugs).toContain(slug);
      expect(slugs.filter((each) => each === 'default')).toHaveLength(1);
      expect(new Set(slugs).size).toBe(slugs.length);
    });

    it('gives a host to one of them only, whoever is first', async () => {
      const host = `${unique('login')}.example.com`;
      const [one, two] = [await service.tenant(), await service.tenant()];
      const claims = await Promise.all(
        [one, two].map(({ id }) => platform.send(`PATCH /admin/tenants/${id}`, { hosts: [host.toUpperCase()] })),
      );
      expect(claims.map(({ status }) => status).sort()).toEqual([200, 409]);
      const made = await platform.send('POST /admin/tenants', { slug: unique('late'), hosts: [host] });
      expect(made.code).toBe('conflict');
    });

    it('lets their own administrator change everything but the hosts', async () => {
      const own = await adminOfNewTenant();
      const path = `PATCH /admin/tenants/${own.tenantId}`;
      expect((await own.send(path, { name: 'Ours', registration: 'open' })).status).toBe(200);
      expect((await own.send(path, { hosts: ['bank.example.com'] })).code).toBe('insufficient_role');
      for (const body of [{}, { slug: 'x' }, { hosts: ['http://x'] }, { registration: 'maybe' }, { name: '' }]) {
        expect((await own.send(path, body)).code).toBe('validation_failed');
      }
    });
  });

  describe('of clients', () => {
    it('makes one whose secret works, is shown once and can be replaced', async () => {
      const made = (await admin.send<MadeClient>('POST /admin/clients', { name: unique('orders') })).body;
      expect(made.client.tenant_ids).toEqual([admin.tenantId]);
      const caller = (secret: string) => new OAuthCaller(service.http, made.client.id, secret);
      expect((await caller(made.client_secret).token()).status).toBe(200);
      const seen = await admin.send(`GET /admin/clients/${made.client.id}`);
      expect(seen.text).not.toContain(made.client_secret);
      const path = `/admin/clients/${made.client.id}`;
      const rotated = await admin.send<MadeClient>(`POST ${path}/rotate`, { reason, overlap_seconds: 0 });
      expect((await caller(made.client_secret).token()).status).toBe(401);
      expect((await caller(rotated.body.client_secret).token()).status).toBe(200);
      await admin.send(`PATCH ${path}`, { enabled: false, reason });
      expect((await caller(rotated.body.client_secret).token()).status).toBe(401);
      await admin.send(`PATCH ${path}`, { enabled: true, reason });
      expect((await caller(rotated.body.client_secret).token()).status).toBe(200);
      await admin.send(`DELETE ${path}`, { reason });
      expect((await caller(rotated.body.client_secret).token()).status).toBe(401);
      expect((await admin.send(`GET ${path}`)).status).toBe(404);
      const logs = JSON.stringify(service.app.logs);
      for (const secret of [made.client_secret, rotated.body.client_secret]) expect(logs).not.toContain(secret);
    });

    it('keeps both secrets for the overlap, and a third away', async () => {
      const made = (await admin.send<MadeClient>('POST /admin/clients', { name: unique('orders') })).body;
      const rotate = () => admin.send<MadeClient>(`POST /admin/clients/${made.client.id}/rotate`, { reason });
      const second = (await rotate()).body.client_secret;
      for (const secret of [made.client_secret, second]) {
        expect((await new OAuthCaller(service.http, made.client.id, secret).token()).status).toBe(200);
      }
      expect((await rotate()).code).toBe('conflict');
    });

    it('binds to tenants that exist, for the platform also to all', async () => {
      const name = unique('gateway');
      const unknown = ['3f1b1f1e-0000-4000-8000-000000000000'];
      expect((await platform.send('POST /admin/clients', { name, tenant_ids: unknown })).code).toBe('not_found');
      const made = await platform.send<object>('POST /admin/clients', { name, all_tenants: true });
      expect(made.body).toMatchObject({ client: { all_tenants: true, tenant_ids: [], audiences: ['latchkey-api'] } });
      expect((await platform.send('POST /admin/clients', { name, all_tenants: true })).code).toBe('conflict');
      const both = { name: unique('x'), all_tenants: true, tenant_ids: [admin.tenantId] };
      expect((await platform.send('POST /admin/clients', both)).code).toBe('validation_failed');
    });
  });

  describe('of the installation', () => {
    it('shows the configuration in force, without its secrets', async () => {
      const { body, text } = await platform.send<{ config: object }>('GET /admin/configuration');
      expect(body).toMatchObject({
        environment: 'test',
        config: { auth: { mode: 'stateful', jwt: { secret: '***' } } },
      });
      expect(text).not.toMatch(/thirty-two bytes|a signing secret for tests/);
    });

    it('shows what the mode can do, and what a change would meet', async () => {
      const { body } = await platform.send<object>('GET /admin/mode');
      expect(body).toMatchObject({
        capabilities: { mode: 'stateful', list_sessions: true },
        fleet: { session: { live: expect.any(Number) as number }, access_horizon: expect.any(String) as string },
      });
    });

    it('tells why a configured key is not rotated here', async () => {
      expect((await platform.send('POST /admin/keys/rotate', { reason, now: true })).code).toBe('conflict');
      expect((await platform.send('POST /admin/keys/unknown/retire', { reason })).code).toBe('not_found');
    });
  });
});
