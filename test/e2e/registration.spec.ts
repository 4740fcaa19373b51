import { randomUUID } from 'node:crypto';
import { UserStore } from '../../src/identity/user.store';
import { PROFILES } from '../support/profiles';
import { unique } from '../support/test-app';
import { PASSWORD, useService } from './service';

const ACCEPTED = { status: 'accepted' };

describe.each(PROFILES)('registration, $name', ({ settings }) => {
  const service = useService({ settings });

  function register(difference: object = {}) {
    const email = `${unique('new')}@example.com`;
    return service.http.post('/auth/register', { json: { email, password: PASSWORD, ...difference } });
  }

  function login(email: string, password = PASSWORD) {
    return service.http.post('/auth/login', { json: { email, password } });
  }

  async function accounts(): Promise<number> {
    const tenantId = (await service.defaultTenant()).id;
    return (await service.app.provider(UserStore).list(tenantId, { limit: 10_000 })).length;
  }

  it('makes an account that can sign in', async () => {
    const email = `${unique('new')}@example.com`;
    expect(await register({ email })).toMatchObject({ status: 202, body: ACCEPTED });
    expect((await login(email)).status).toBe(200);
  });

  it('signs nobody in', async () => {
    const { body, headers } = await register();
    expect(body).toEqual(ACCEPTED);
    expect(headers.get('set-cookie')).toBeNull();
  });

  it('gives nobody a role', async () => {
    const email = `${unique('new')}@example.com`;
    expect((await register({ email, roles: ['admin'] })).code).toBe('validation_failed');
    await register({ email });
    expect((await login(email)).body).toMatchObject({ user: { roles: [] } });
  });

  it('answers the same for an address that is taken, in whatever spelling, and changes nothing', async () => {
    const person = await service.person();
    for (const email of [person.email, person.email.toUpperCase()]) {
      expect(await register({ email, password: 'another password' })).toMatchObject({ status: 202, body: ACCEPTED });
    }
    expect((await login(person.email, 'another password')).code).toBe('invalid_credentials');
    expect((await login(person.email)).status).toBe(200);
  });

  it('answers the same for a username that is taken, and makes no account', async () => {
    const { username } = await service.person();
    const email = `${unique('new')}@example.com`;
    expect(await register({ email, username })).toMatchObject({ status: 202, body: ACCEPTED });
    expect((await login(email)).code).toBe('invalid_credentials');
  });

  it('makes one account, however many ask at once', async () => {
    const before = await accounts();
    const email = `${unique('new')}@example.com`;
    const answers = await Promise.all(Array.from({ length: 10 }, () => register({ email })));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
    expect(await accounts()).toBe(before + 1);
  });

  it.each([
    ['short', 'seven77'],
    ['short when characters are counted, not bytes', '🔑🔑🔑🔑🔑🔑🔑'],
  ])('refuses a password that is %s', async (_, password) => {
    const { status, body } = await register({ password });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'weak_password', errors: [{ pointer: '/password' }] });
  });

  it.each([
    ['no address', { email: 'nobody' }],
    ['two addresses', { email: 'a@example.com,b@example.com' }],
    ['a list of addresses', { email: ['a@example.com', 'b@example.com'] }],
    ['a line break in the address', { email: 'a@example.com\r\nBcc: b@example.com' }],
    ['a display name', { email: 'Ada <a@example.com>' }],
    ['a username that is an address', { username: 'a@example.com' }],
    ['a password longer than 1024 bytes', { password: 'é'.repeat(513) }],
    ['a password that is no text', { password: 12345678 }],
    ['a password with half a character', { password: 'half \ud83d of a character' }],
    ['an id of its own', { id: randomUUID() }],
    ['a tenant that is no id', { tenant_id: 'default' }],
    ['a name of two lines', { name: 'Ada\nadmin' }],
  ])('refuses %s and makes no account', async (_, difference) => {
    const before = await accounts();
    expect(await register(difference)).toMatchObject({ status: 400, code: 'validation_failed' });
    expect(await accounts()).toBe(before);
  });

  it('answers the same for a tenant that is closed, one that only invites and one that is not there', async () => {
    const tenants = [await service.tenant(), await service.tenant({ registration: 'invite' }), { id: randomUUID() }];
    const answers = await Promise.all(tenants.map(({ id }) => register({ tenant_id: id })));
    const seen = answers.map(({ body }) => ({ ...body, request_id: '' }));
    expect(seen[0]).toMatchObject({ status: 404, code: 'not_found' });
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });

  it('takes whoever asks where a tenant is open, into that tenant alone', async () => {
    const tenant = await service.tenant({ registration: 'open' });
    const email = `${unique('new')}@example.com`;
    expect((await register({ email, tenant_id: tenant.id })).status).toBe(202);
    const inTenant = await service.http.post('/auth/login', {
      json: { email, password: PASSWORD, tenant_id: tenant.id },
    });
    expect(inTenant.status).toBe(200);
    expect((await login(email)).code).toBe('invalid_credentials');
  });
});

describe.each(PROFILES)('registration that the configuration closes, $name', ({ settings }) => {
  const service = useService({ settings: { ...settings, 'auth.registration': 'closed' } });

  it('makes no account, whatever the address', async () => {
    const { email } = await service.person();
    for (const address of [email, 'new@example.com']) {
      const answer = await service.http.post('/auth/register', { json: { email: address, password: PASSWORD } });
      expect(answer).toMatchObject({ status: 404, code: 'not_found' });
    }
  });
});
