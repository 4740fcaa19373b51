import { SecurityKey } from '../support/authenticator';
import { PROFILES } from '../support/profiles';
import { useService, type Grant, type SignedIn } from './service';

const ORIGIN = 'https://login.example.com';

interface Options {
  readonly challenge: string;
  readonly user: { readonly id: string };
}

describe.each(PROFILES)('an account that is disabled, $name', ({ settings, row }) => {
  const service = useService({ settings: { ...settings, 'server.public_url': ORIGIN } });

  async function withPasskey(): Promise<SignedIn & { key: SecurityKey }> {
    const signedIn = await service.signedIn();
    const token = signedIn.grant.access_token;
    const { body } = await service.http.post<Options>('/auth/mfa/passkeys/options', { token });
    const key = new SecurityKey(ORIGIN);
    const json = { passkey: key.create(body) };
    expect((await service.http.post('/auth/mfa/passkeys', { token, json })).status).toBe(201);
    return { ...signedIn, key };
  }

  async function passkeyLogin(key: SecurityKey): Promise<string> {
    const { body } = await service.http.post<Options>('/auth/passkey/options', { json: {} });
    return (await service.http.post('/auth/passkey/login', { json: { passkey: key.get(body) } })).code;
  }

  it('gets in by no way: password, second step, passkey, refresh, step-up or ticket', async () => {
    const { person, grant, key } = await withPasskey();
    const { challenge } = (await service.login(person)).body as unknown as { challenge: string };
    const options = await service.http.post<Options>('/auth/mfa/passkey-options', { json: { challenge } });
    await service.changes.disable({ tenantId: person.tenantId, userId: person.userId });

    expect((await service.login(person)).code).toBe('account_disabled');
    expect(await passkeyLogin(key)).toBe('account_disabled');
    const json = { challenge, passkey: key.get(options.body) };
    const second = await service.http.post<Grant>('/auth/mfa/verify', { json });
    expect(second.code).toBe('account_disabled');
    expect((await service.refresh(grant.refresh_token)).code).toBe('invalid_grant');
    if (!row.revoke_all_sessions) return;
    const token = grant.access_token;
    for (const [method, path] of [
      ['GET', '/auth/me'],
      ['POST', '/auth/ticket'],
      ['POST', '/auth/mfa/totp'],
      ['POST', '/auth/step-up'],
      ['GET', '/auth/devices'],
    ] as const) {
      expect((await service.http.send(method, path, { token })).code).toBe('token_revoked');
    }
  });

  it('starts a new login whatever is presented with it: nothing of an earlier one lives on in it', async () => {
    const first = await service.signedIn();
    const planted = { headers: { authorization: `Bearer ${first.grant.access_token}`, cookie: 'sid=planted' } };
    const second = (await service.login(await service.person(), {}, planted)).body;
    expect((await service.me(second.access_token)).body.session_id).not.toBe(first.sessionId);
    expect(second.access_token).not.toBe(first.grant.access_token);
    expect((await service.me(first.grant.access_token)).body.user.id).toBe(first.person.userId);
  });

  it('takes who acts from the token alone', async () => {
    const ada = await service.signedIn();
    const eve = await service.signedIn();
    const victim = { user_id: ada.person.userId, userId: ada.person.userId, tenant_id: ada.person.tenantId };
    const headers = { 'x-user-id': ada.person.userId, 'x-tenant-id': ada.person.tenantId, 'x-user-roles': 'admin' };
    const token = eve.grant.access_token;
    for (const path of ['/auth/mfa/totp', '/auth/ticket', '/auth/logout']) {
      const answer = await service.http.post(path, { token, headers, json: { ...victim, role: 'admin' } });
      expect(['200', 'validation_failed']).toContain(answer.code);
    }
    const query = new URLSearchParams(victim).toString();
    const me = await service.http.get<{ user: Grant['user'] }>(`/auth/me?${query}`, { token, headers });
    if (me.status === 200) expect(me.body.user.id).toBe(eve.person.userId);
    expect((await service.me(ada.grant.access_token)).status).toBe(200);
    const mine = await service.http.get<{ totp: boolean }>('/auth/mfa', { token: ada.grant.access_token });
    expect(mine.body.totp).toBe(false);
  });
});

describe('a program that proves itself by an assertion', () => {
  const service = useService();

  it('is refused, once and again: only secrets are taken', async () => {
    const assertion = {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'eyJhbGciOiJSUzI1NiJ9.e30.AA',
    };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        service.http.post('/oauth/token', {
          raw: new URLSearchParams(assertion).toString(),
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }),
      ),
    );
    for (const { code } of answers) expect(code).toBe('invalid_client');
  });
});
