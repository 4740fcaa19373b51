import { randomUUID } from 'node:crypto';
import { KeyRing } from '../../src/keys/key-ring';
import { administrator, platformAdministrator, type AdminCaller } from '../support/admin-caller';
import { oauthCaller } from '../support/oauth-caller';
import { RouteListModule } from '../support/route-list';
import { unique } from '../support/test-app';
import { useService } from './service';

/** Things of one tenant, by the names that stand for them below. */
interface Things {
  readonly user: string;
  readonly session: string;
  readonly tenant: string;
  readonly client: string;
  readonly invitation: string;
  readonly kid: string;
}

interface Row {
  /** With the names of things in braces. */
  readonly request: string;
  readonly body?: (things: Things) => object;
  /** What the platform's administrator is answered. */
  readonly ok: number;
  /** Whether administrators of a tenant have a use for it. */
  readonly for: 'tenant' | 'platform';
}

const reason = 'a test of the rights';
const because = (): object => ({ reason });

/** Every route below /admin, and how it is asked for a thing. */
const ROWS: Readonly<Record<string, Row>> = {
  'GET /admin/users': { request: '/admin/users?tenant_id={tenant}', ok: 200, for: 'tenant' },
  'POST /admin/users': {
    request: '/admin/users',
    body: ({ tenant }) => ({ tenant_id: tenant, username: unique('eve') }),
    ok: 201,
    for: 'tenant',
  },
  'GET /admin/invitations': { request: '/admin/invitations?tenant_id={tenant}', ok: 200, for: 'tenant' },
  'POST /admin/invitations': {
    request: '/admin/invitations',
    body: ({ tenant }) => ({ tenant_id: tenant, email: `${unique('eve')}@example.com` }),
    ok: 201,
    for: 'tenant',
  },
  'DELETE /admin/invitations/:id': { request: '/admin/invitations/{invitation}', ok: 204, for: 'tenant' },
  'GET /admin/users/:id': { request: '/admin/users/{user}', ok: 200, for: 'tenant' },
  'PATCH /admin/users/:id': {
    request: '/admin/users/{user}',
    body: () => ({ roles: ['billing'], reason }),
    ok: 200,
    for: 'tenant',
  },
  'DELETE /admin/users/:id': { request: '/admin/users/{user}', body: because, ok: 204, for: 'tenant' },
  'POST /admin/users/:id/unlock': { request: '/admin/users/{user}/unlock', body: () => ({}), ok: 200, for: 'tenant' },
  'POST /admin/users/:id/password': {
    request: '/admin/users/{user}/password',
    body: () => ({ reason, action: 'temporary' }),
    ok: 200,
    for: 'tenant',
  },
  'DELETE /admin/users/:id/factors': { request: '/admin/users/{user}/factors', body: because, ok: 200, for: 'tenant' },
  'GET /admin/users/:id/sessions': { request: '/admin/users/{user}/sessions', ok: 200, for: 'tenant' },
  'DELETE /admin/users/:id/sessions': {
    request: '/admin/users/{user}/sessions',
    body: because,
    ok: 204,
    for: 'tenant',
  },
  'DELETE /admin/users/:id/sessions/:session_id': {
    request: '/admin/users/{user}/sessions/{session}',
    ok: 204,
    for: 'tenant',
  },
  'GET /admin/tenants': { request: '/admin/tenants', ok: 200, for: 'platform' },
  'POST /admin/tenants': {
    request: '/admin/tenants',
    body: () => ({ slug: unique('made') }),
    ok: 201,
    for: 'platform',
  },
  'GET /admin/tenants/:id': { request: '/admin/tenants/{tenant}', ok: 200, for: 'tenant' },
  'PATCH /admin/tenants/:id': {
    request: '/admin/tenants/{tenant}',
    body: () => ({ registration: 'open' }),
    ok: 200,
    for: 'tenant',
  },
  'POST /admin/tenants/:id/revoke': {
    request: '/admin/tenants/{tenant}/revoke',
    body: because,
    ok: 200,
    for: 'tenant',
  },
  'GET /admin/clients': { request: '/admin/clients?tenant_id={tenant}', ok: 200, for: 'tenant' },
  'POST /admin/clients': {
    request: '/admin/clients',
    body: ({ tenant }) => ({ name: unique('made'), tenant_ids: [tenant] }),
    ok: 201,
    for: 'tenant',
  },
  'GET /admin/clients/:id': { request: '/admin/clients/{client}', ok: 200, for: 'tenant' },
  'PATCH /admin/clients/:id': {
    request: '/admin/clients/{client}',
    body: () => ({ enabled: false, reason }),
    ok: 200,
    for: 'tenant',
  },
  'POST /admin/clients/:id/rotate': {
    request: '/admin/clients/{client}/rotate',
    body: because,
    ok: 200,
    for: 'tenant',
  },
  'DELETE /admin/clients/:id': { request: '/admin/clients/{client}', body: because, ok: 204, for: 'tenant' },
  'GET /admin/audit': { request: '/admin/audit?tenant_id={tenant}', ok: 200, for: 'tenant' },
  'GET /admin/keys': { request: '/admin/keys', ok: 200, for: 'platform' },
  'POST /admin/keys/rotate': { request: '/admin/keys/rotate', body: because, ok: 200, for: 'platform' },
  'POST /admin/keys/:kid/retire': { request: '/admin/keys/{kid}/retire', body: because, ok: 204, for: 'platform' },
  'GET /admin/configuration': { request: '/admin/configuration', ok: 200, for: 'platform' },
  'GET /admin/mode': { request: '/admin/mode', ok: 200, for: 'platform' },
};

const TABLE = Object.entries(ROWS).map(([route, row]) => ({ route, method: route.split(' ')[0] as string, ...row }));
const FOR_TENANTS = TABLE.filter((row) => row.for === 'tenant');
const FOR_THE_PLATFORM = TABLE.filter((row) => row.for === 'platform');

const routes = new Set<string>();

describe('administration', () => {
  const service = useService({
    settings: { 'auth.mode': 'stateful', 'auth.jwt.secret': '', 'auth.jwt.algorithm': 'ES256' },
    extend: [RouteListModule.into(routes)],
  });
  let platform: AdminCaller;
  let ofOther: AdminCaller;

  beforeAll(async () => {
    platform = await platformAdministrator(service);
    ofOther = await administrator(service, (await service.tenant()).id);
  });

  async function things(): Promise<Things> {
    const tenant = (await service.tenant({ registration: 'invite' })).id;
    const { person, sessionId: session } = await service.signedIn(await service.person({ tenantId: tenant }));
    const client = (await oauthCaller(service.app, { tenants: [tenant] })).id;
    const email = `${unique('ada')}@example.com`;
    const invited = await platform.send<{ invitation: { id: string } }>('POST /admin/invitations', {
      tenant_id: tenant,
      email,
    });
    const invitation = invited.body.invitation.id;
    return { user: person.userId, session, tenant, client, invitation, kid: service.app.provider(KeyRing).signing.id };
  }

  function send(caller: AdminCaller, row: (typeof TABLE)[number], of: Things) {
    return caller.send(`${row.method} ${filled(row.request, of)}`, row.body?.(of));
  }

  /** All that would show that somebody touched them. */
  async function traceOf({ user, session, tenant, client }: Things): Promise<unknown[]> {
    const answers = [
      await platform.send(`GET /admin/users/${user}`),
      await platform.send(`GET /admin/users/${user}/sessions`),
      await platform.send(`GET /admin/users?tenant_id=${tenant}`),
      await platform.send(`GET /admin/tenants/${tenant}`),
      await platform.send(`GET /admin/clients?tenant_id=${tenant}`),
      await platform.send(`GET /admin/clients/${client}`),
      await platform.send(`GET /admin/invitations?tenant_id=${tenant}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 200]);
    expect(answers[1]!.text).toContain(session);
    return answers.map(({ body }) => body);
  }

  it('has a row here for every route that is registered', () => {
    expect([...routes].filter((route) => route.includes('/admin')).sort()).toEqual(Object.keys(ROWS).sort());
  });

  it('asks for a token', async () => {
    const of = await things();
    for (const row of TABLE) {
      const answer = await service.http.send(row.method, filled(row.request, of), { json: row.body?.(of) });
      expect([row.route, answer.status, answer.code]).toEqual([row.route, 401, 'missing_token']);
    }
  });

  it('is closed to people without a role, in the same tenant too, and to roles that only sound like it', async () => {
    const of = await things();
    const nobodies = [
      await administrator(service, of.tenant, 'Admin'),
      await administrator(service, of.tenant, 'administrator'),
      // Held outside the default tenant it means nothing.
      await administrator(service, of.tenant, 'platform_admin'),
    ];
    const before = await traceOf(of);
    for (const row of TABLE) {
      for (const nobody of nobodies) {
        const { status, code } = await send(nobody, row, of);
        expect([row.route, status, code]).toEqual([row.route, 403, 'insufficient_role']);
      }
    }
    expect(await traceOf(of)).toEqual(before);
  });

  it('is closed to clients, also to one that is bound to everything', async () => {
    const of = await things();
    for (const tenants of ['all' as const, [of.tenant]]) {
      const client = await oauthCaller(service.app, { tenants });
      const { access_token: token } = (await client.token({ tenant_id: of.tenant })).body;
      for (const row of TABLE) {
        const answer = await service.http.send(row.method, filled(row.request, of), { token, json: row.body?.(of) });
        expect([row.route, answer.status, answer.code]).toEqual([row.route, 403, 'insufficient_role']);
      }
    }
  });

  it.each(FOR_TENANTS)('hides what is another tenant’s: $route', async (row) => {
    const of = await things();
    const before = await traceOf(of);
    const told = service.app.logged('cross_tenant_attempt').length;
    const { status, code, text } = await send(ofOther, row, of);
    const unknown = await send(ofOther, row, allOf(randomUUID));
    expect([status, code]).toEqual([404, 'not_found']);
    expect(unknown.status).toBe(404);
    expect(withoutId(text)).toBe(withoutId(unknown.text));
    expect(await traceOf(of)).toEqual(before);
    const lines = service.app.logged('cross_tenant_attempt').slice(told);
    expect(lines).toMatchObject([{ level: 'warn', user_id: ofOther.id, tenant_id: ofOther.tenantId }]);
    expect(Object.values(of)).toContain(lines[0]?.['target_id']);
  });

  it.each(FOR_TENANTS)('lets the tenant’s own administrator: $route', async (row) => {
    const of = await things();
    expect((await send(await administrator(service, of.tenant), row, of)).status).toBe(row.ok);
  });

  it.each(FOR_THE_PLATFORM)('is closed to the administrator of a tenant, the default one too: $route', async (row) => {
    const of = await things();
    for (const caller of [ofOther, await administrator(service)]) {
      const { status, code } = await send(caller, row, of);
      expect([status, code]).toEqual([403, 'insufficient_role']);
    }
  });

  it.each(TABLE)('lets the administrator of the platform, in whichever tenant: $route', async (row) => {
    const of = await things();
    const { status, text } = await send(platform, row, of);
    expect([status, text]).toEqual([row.ok, expect.any(String)]);
  });

  it('refuses ids that can be the id of nothing', async () => {
    const named = TABLE.filter(({ request }) => request.includes('{'));
    for (const row of named) {
      for (const id of ['x', '0', '%00', '..%2f..', `${randomUUID()}'--`, 'a'.repeat(200)]) {
        const { status } = await send(
          platform,
          row,
          allOf(() => id),
        );
        expect([row.route, id, [400, 404].includes(status) ? 'refused' : status]).toEqual([row.route, id, 'refused']);
      }
    }
  });

  it('finds a session under nobody but its owner', async () => {
    const [here, there] = [await things(), await things()];
    const mixed = { ...here, session: there.session };
    const answer = await send(platform, { ...TABLE.find(({ request }) => request.includes('{session}'))! }, mixed);
    expect([answer.status, answer.code]).toEqual([404, 'not_found']);
    await traceOf(there);
  });

  it('keeps a client of several tenants from the administrators of each', async () => {
    const [here, there] = [await things(), await things()];
    const shared = await oauthCaller(service.app, { tenants: [here.tenant, there.tenant] });
    const everywhere = await oauthCaller(service.app, { tenants: 'all' });
    const caller = await administrator(service, here.tenant);
    for (const { id: client } of [shared, everywhere]) {
      for (const row of FOR_TENANTS.filter(({ request }) => request.includes('{client}'))) {
        expect([row.route, (await send(caller, row, { ...here, client })).status]).toEqual([row.route, 404]);
      }
    }
    const { body } = await caller.send<{ clients: { id: string }[] }>('GET /admin/clients');
    expect(body.clients.map(({ id }) => id)).toEqual([here.client]);
    const asked = { name: unique('made'), all_tenants: true };
    expect((await caller.send('POST /admin/clients', asked)).code).toBe('insufficient_role');
    const more = { name: unique('made'), tenant_ids: [here.tenant, there.tenant] };
    expect((await caller.send('POST /admin/clients', more)).code).toBe('not_found');
  });
});

function filled(request: string, of: Things): string {
  return request.replace(/\{(\w+)\}/g, (_, name: keyof Things) => of[name]);
}

function allOf(make: () => string): Things {
  return { user: make(), session: make(), tenant: make(), client: make(), invitation: make(), kid: make() };
}

function withoutId(problem: string): string {
  return problem.replace(/"request_id":"[^"]*"/, '');
}
