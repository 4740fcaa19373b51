import { PROFILES } from '../support/profiles';
import { codeIn } from '../support/mail-server';
import { DAY, unique } from '../support/test-app';
import { withClient } from '../support/test-database';
import { administrator, platformAdministrator, type AdminCaller } from '../support/admin-caller';
import type { Tenant } from '../../src/tenancy/tenant.entity';
import { useMailingService } from './mail-service';
import { PASSWORD, useService, type Service } from './service';

interface Invited {
  readonly invitation: Readonly<Record<string, unknown>> & { readonly id: string };
  readonly code?: string;
}

const address = () => `${unique('grace')}@example.com`;

function accept(service: Service, token: string, difference: object = {}) {
  return service.http.post<{ user: { id: string; tenant_id: string } }>('/auth/invitations/accept', {
    json: { token, password: PASSWORD, ...difference },
  });
}

const login = (service: Service, email: string, { id }: Tenant) =>
  service.login({ email, password: PASSWORD, tenantId: id, userId: '', username: '' });

function people(service: Service, { id }: Tenant): Promise<number> {
  return withClient(service.app.database.url, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM users WHERE tenant_id = $1',
      [id],
    );
    return rows[0]?.count ?? 0;
  });
}

describe.each(PROFILES)('invitations, $name', ({ settings }) => {
  const service = useMailingService(settings);
  let tenant: Tenant;
  let admin: AdminCaller;

  beforeAll(async () => {
    tenant = await service.tenant({ registration: 'invite', name: 'Conceição & Filhos' });
    admin = await administrator(service, tenant.id);
  });

  const invite = (email: string, difference: object = {}) =>
    admin.send<Invited>('POST /admin/invitations', { email, ...difference });

  async function invited(email: string, difference: object = {}): Promise<string> {
    const before = service.server.to(email).length;
    expect((await invite(email, difference)).status).toBe(201);
    await service.settle();
    return codeIn(await service.server.next(email, before + 1));
  }

  it('are sent by mail, shown to whoever has the code, and make an account that can sign in', async () => {
    const email = address();
    const code = await invited(email, { roles: ['billing'] });
    const shown = await service.http.post('/auth/invitations/show', { json: { token: code } });
    expect(shown).toMatchObject({
      status: 200,
      body: { email, tenant: { id: tenant.id, name: 'Conceição & Filhos' } },
    });
    const made = await accept(service, code, { name: 'Grace' });
    expect(made).toMatchObject({ status: 201, body: { user: { tenant_id: tenant.id } } });
    expect(made.headers.get('set-cookie')).toBeNull();
    const { body } = await login(service, email, tenant);
    expect(body.user).toMatchObject({ id: made.body.user.id, email, name: 'Grace', roles: ['billing'] });
  });

  it('are in no answer where they are sent by mail', async () => {
    const { body, text } = await invite(address());
    expect([body.code, text.includes('lk_ec_')]).toEqual([undefined, false]);
  });

  it('are accepted once: of fifty at the same time exactly one wins', async () => {
    const code = await invited(address());
    const before = await people(service, tenant);
    const answers = await Promise.all(Array.from({ length: 50 }, () => accept(service, code)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ code: reason }) => reason === 'invalid_grant')).toHaveLength(49);
    expect(await people(service, tenant)).toBe(before + 1);
  });

  it('are over when they have expired, were withdrawn, or a newer one was sent', async () => {
    const [late, withdrawn, older] = [address(), address(), address()];
    const codes = [await invited(older)];
    await invited(older);
    const email = withdrawn;
    codes.push(await invited(email));
    const { body } = await admin.send<{ invitations: { id: string; email: string }[] }>('GET /admin/invitations');
    const { id } = body.invitations.find((one) => one.email === email)!;
    expect((await admin.send(`DELETE /admin/invitations/${id}`)).status).toBe(204);
    expect((await admin.send(`DELETE /admin/invitations/${id}`)).code).toBe('not_found');
    for (const code of codes) expect((await accept(service, code)).code).toBe('invalid_grant');
    const code = await invited(late);
    service.clock.advance(8 * DAY);
    expect((await accept(service, code)).code).toBe('invalid_grant');
    admin = await administrator(service, tenant.id);
    expect((await admin.send('GET /admin/invitations')).body).toMatchObject({ invitations: [], next: null });
  });

  it('keep the code when what was chosen is no good', async () => {
    const [email, taken] = [address(), await service.person({ tenantId: tenant.id })];
    const code = await invited(email);
    expect((await accept(service, code, { password: 'short' })).code).toBe('weak_password');
    expect((await accept(service, code, { username: 'a b' })).code).toBe('validation_failed');
    expect((await accept(service, code, { username: taken.username })).code).toBe('conflict');
    expect((await accept(service, code, { username: unique('grace') })).status).toBe(201);
  });

  it('need an address that is free: administrators are told', async () => {
    const { email } = await service.person({ tenantId: tenant.id });
    expect((await invite(email)).code).toBe('email_taken');
    const other = address();
    const code = await invited(other);
    await service.person({ tenantId: tenant.id, email: other });
    expect((await accept(service, code)).code).toBe('conflict');
  });

  it.each(['', 'lk_ec_', 'lk_ec_AAAA', 'x'.repeat(256)])('take no code like %p', async (token) => {
    expect(['invalid_grant', 'validation_failed']).toContain((await accept(service, token)).code);
    const shown = await service.http.post('/auth/invitations/show', { json: { token } });
    expect([400, 401]).toContain(shown.status);
  });

  it.each([
    ['a list of addresses', { email: 'a@example.com,b@example.com' }],
    ['an array', { email: ['a@example.com'] }],
    ['no address', {}],
    ['a role that is no word', { email: 'a@example.com', roles: ['two words'] }],
    ['a tenant that is no id', { email: 'a@example.com', tenant_id: 'acme' }],
  ])('are refused with %s', async (_, json) => {
    expect((await admin.send('POST /admin/invitations', json)).code).toBe('validation_failed');
  });

  it('give nobody the role of the platform', async () => {
    expect((await invite(address(), { roles: ['platform_admin'] })).code).toBe('insufficient_role');
  });

  it('respect the domains of the tenant, as registration does', async () => {
    const own = await service.tenant({ registration: 'open' });
    const platform = await platformAdministrator(service);
    const settings = { email_domains: ['acme.example'], reason: 'ours' };
    expect(await platform.send(`PATCH /admin/tenants/${own.id}`, settings)).toMatchObject({
      status: 200,
      body: { tenant: { email_domains: ['acme.example'] } },
    });
    const one = (email: string) => platform.send('POST /admin/invitations', { email, tenant_id: own.id });
    expect((await one(address())).code).toBe('validation_failed');
    expect((await one('ada@evil-acme.example')).code).toBe('validation_failed');
    expect((await one('ada@ACME.example')).status).toBe(201);
    const register = (email: string) =>
      service.http.post('/auth/register', { json: { email, password: PASSWORD, tenant_id: own.id } });
    expect(await register(address())).toMatchObject({ status: 400, body: { errors: [{ pointer: '/email' }] } });
    expect((await register('grace@acme.example')).status).toBe(202);
  });
});

describe('invitations where no mail is sent', () => {
  const service = useService({ settings: { 'auth.mode': 'stateless' }, nodeEnv: 'staging' });

  it('are handed over by whoever invites, and confirm no address', async () => {
    const tenant = await service.tenant({ registration: 'invite' });
    const admin = await administrator(service, tenant.id);
    const email = address();
    const { body } = await admin.send<Invited>('POST /admin/invitations', { email });
    expect((await accept(service, body.code ?? '')).status).toBe(201);
    const verified = await withClient(service.app.database.url, async (client) => {
      const { rows } = await client.query<{ at: Date | null }>(
        'SELECT email_verified_at AS at FROM users WHERE email = $1',
        [email],
      );
      return rows.map(({ at }) => at);
    });
    expect(verified).toEqual([null]);
  });

  it('are refused by a tenant that is closed, also when it closes afterwards', async () => {
    const tenant = await service.tenant({ registration: 'invite' });
    const admin = await administrator(service, tenant.id);
    const { body } = await admin.send<Invited>('POST /admin/invitations', { email: address() });
    await admin.send(`PATCH /admin/tenants/${tenant.id}`, { registration: 'closed', reason: 'no more' });
    expect((await admin.send('POST /admin/invitations', { email: address() })).code).toBe('conflict');
    expect((await accept(service, body.code ?? '')).code).toBe('not_found');
  });
});
