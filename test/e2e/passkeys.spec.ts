import { randomUUID } from 'node:crypto';
import { SecurityKey } from '../support/authenticator';
import type { Answer, Problem } from '../support/http-client';
import { PROFILES } from '../support/profiles';
import { useService, type Grant, type Person } from './service';

const ORIGIN = 'https://login.example.com';

interface Options {
  readonly challenge: string;
  readonly user: { readonly id: string; readonly name: string };
  readonly rp: { readonly id: string };
  readonly excludeCredentials: readonly { readonly id: string }[];
  readonly allowCredentials: readonly { readonly id: string }[];
}

interface Added {
  readonly id: string;
  readonly name: string;
  readonly recovery_codes: readonly string[];
}

interface Owner {
  readonly person: Person;
  readonly key: SecurityKey;
  readonly added: Added;
  readonly token: string;
}

describe.each(PROFILES)('passkeys, $name', ({ settings }) => {
  const service = useService({ settings: { ...settings, 'server.public_url': ORIGIN } });

  async function owner(given?: Person): Promise<Owner> {
    const { person, grant } = await service.signedIn(given);
    const token = grant.access_token;
    const { body: options } = await service.http.post<Options>('/auth/mfa/passkeys/options', { token });
    const key = new SecurityKey(ORIGIN);
    const json = { passkey: key.create(options), name: 'My key' };
    const answer = await service.http.post<Added>('/auth/mfa/passkeys', { token, json });
    if (answer.status !== 201) throw new Error(`The passkey was refused: ${answer.text}`);
    return { person, key, added: answer.body, token };
  }

  async function options(tenantId?: string): Promise<Options> {
    const json = tenantId === undefined ? {} : { tenant_id: tenantId };
    return (await service.http.post<Options>('/auth/passkey/options', { json })).body;
  }

  const signIn = (passkey: object, more: object = {}): Promise<Answer<Grant>> =>
    service.http.post<Grant>('/auth/passkey/login', { json: { passkey, ...more } });

  async function challengeOf(person: Person): Promise<string> {
    const answer = (await service.login(person)) as unknown as Answer<Problem & { challenge: string }>;
    expect(answer.code).toBe('mfa_required');
    return answer.body.challenge;
  }

  it('are added, listed, named and removed by their owner', async () => {
    const { added, token } = await owner();
    expect(added).toMatchObject({ name: 'My key', backed_up: false, last_used_at: null });
    expect(added.recovery_codes).toHaveLength(10);
    const renamed = await service.http.send<Added>('PATCH', `/auth/mfa/passkeys/${added.id}`, {
      token,
      json: { name: 'Chave do escritório' },
    });
    expect(renamed.body.name).toBe('Chave do escritório');
    const stranger = await service.signedIn();
    const others = { token: stranger.grant.access_token, json: { name: 'mine' } };
    expect((await service.http.send('PATCH', `/auth/mfa/passkeys/${added.id}`, others)).code).toBe('not_found');
    expect((await service.http.delete(`/auth/mfa/passkeys/${added.id}`, others)).status).toBe(400);
    expect((await service.http.delete(`/auth/mfa/passkeys/${added.id}`, { token: others.token })).code).toBe(
      'not_found',
    );
  });

  it('sign in alone, as two factors in one', async () => {
    const { person, key } = await owner();
    const { status, body } = await signIn(key.get(await options()));
    expect(status).toBe(200);
    expect(body.user.id).toBe(person.userId);
    expect((await service.me(body.access_token)).body.amr).toEqual(['pop', 'mfa']);
  });

  it('are a second factor after the password', async () => {
    const { person, key } = await owner();
    const challenge = await challengeOf(person);
    const { body } = await service.http.post<Options>('/auth/mfa/passkey-options', { json: { challenge } });
    expect(body.allowCredentials.map(({ id }) => id)).toEqual([key.id.toString('base64url')]);
    const passkey = key.get(body, { userVerified: false });
    const done = await service.http.post<Grant>('/auth/mfa/verify', { json: { challenge, passkey } });
    expect(done.status).toBe(200);
    expect((await service.me(done.body.access_token)).body.amr).toEqual(['pwd', 'pop', 'mfa']);
  });

  it('step a login up', async () => {
    const { person, key } = await owner();
    const { access_token: token, refresh_token } = (await signIn(key.get(await options()))).body;
    const { body } = await service.http.post<Options>('/auth/step-up/passkey-options', { token });
    const json = { refresh_token, passkey: key.get(body) };
    const { status, body: grant } = await service.http.post<Grant>('/auth/step-up', { token, json });
    expect(status).toBe(200);
    expect(grant.user.id).toBe(person.userId);
    const removal = await service.http.get<{ passkeys: Added[] }>('/auth/mfa', { token: grant.access_token });
    const path = `/auth/mfa/passkeys/${removal.body.passkeys[0]?.id}`;
    expect((await service.http.delete(path, { token: grant.access_token })).status).toBe(204);
    expect((await signIn(key.get(await options()))).code).toBe('invalid_credentials');
    expect((await service.login(person)).status).toBe(200);
  });

  it('answer each challenge once, of fifty at once too', async () => {
    const { key } = await owner();
    const answer = key.get(await options());
    const attempts = await Promise.all(Array.from({ length: 50 }, () => signIn(answer)));
    expect(attempts.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { code } of attempts) expect(['200', 'invalid_credentials']).toContain(code);
  });

  it.each<[string, Parameters<SecurityKey['get']>[1]]>([
    ['another origin', { origin: 'https://login.example.com.evil.example' }],
    ['another relying party', { rpId: 'evil.example' }],
    ['nobody verified', { userVerified: false }],
    ['the handle of somebody else', { userHandle: Buffer.from(randomUUID()).toString('base64url') }],
    ['a challenge that was never made', { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['a counter that went back', { signCount: 0 }],
  ])('are refused with %s', async (_, flaw) => {
    const { key } = await owner();
    expect((await signIn(key.get(await options()))).status).toBe(200);
    const refused = await signIn(key.get(await options(), flaw));
    expect(refused.code).toBe('invalid_credentials');
    expect(refused.text).not.toContain('challenge');
  });

  it('do not take a challenge for anything but what it was made for', async () => {
    const { person, key, token } = await owner();
    const eve = await owner();
    const adding = (await service.http.post<Options>('/auth/mfa/passkeys/options', { token: eve.token })).code;
    expect(adding).toBe('insufficient_assurance');
    const challenge = await challengeOf(person);
    const mine = (await service.http.post<Options>('/auth/mfa/passkey-options', { json: { challenge } })).body;
    expect((await signIn(key.get(mine))).code).toBe('invalid_credentials');
    const open = await options();
    const verify = (passkey: object) => service.http.post('/auth/mfa/verify', { json: { challenge, passkey } });
    expect((await verify(key.get(open))).code).toBe('invalid_mfa_code');
    expect((await verify(eve.key.get(mine))).code).toBe('invalid_mfa_code');
    const stepUp = (await service.http.post<Options>('/auth/step-up/passkey-options', { token })).body;
    expect((await signIn(key.get(stepUp))).code).toBe('invalid_credentials');
  });

  it('belong to one tenant', async () => {
    const { key } = await owner();
    const tenant = await service.tenant();
    const there = await options(tenant.id);
    expect((await signIn(key.get(there), { tenant_id: tenant.id })).code).toBe('invalid_credentials');
    expect((await signIn(key.get(there))).code).toBe('invalid_credentials');
  });

  it('are refused for a disabled account, after the right proof', async () => {
    const { person, key } = await owner();
    await service.changes.disable({ tenantId: person.tenantId, userId: person.userId });
    expect((await signIn(key.get(await options()))).code).toBe('account_disabled');
  });

  it('get in while the password is locked', async () => {
    const { person, key } = await owner();
    for (let wrong = 0; wrong < 5; wrong++) await service.login(person, { password: 'guess' });
    expect((await service.login(person)).code).toBe('account_locked');
    expect((await signIn(key.get(await options()))).status).toBe(200);
  });

  it('are not added twice, nor for a challenge of somebody else', async () => {
    const first = await service.signedIn();
    const second = await service.signedIn();
    const begin = async (token: string) =>
      (await service.http.post<Options>('/auth/mfa/passkeys/options', { token })).body;
    const key = new SecurityKey(ORIGIN);
    const created = key.create(await begin(first.grant.access_token));
    const add = (token: string, passkey: object) =>
      service.http.post('/auth/mfa/passkeys', { token, json: { passkey } });
    expect((await add(second.grant.access_token, created)).code).toBe('validation_failed');
    expect((await add(first.grant.access_token, created)).status).toBe(201);
    expect((await add(first.grant.access_token, created)).status).toBeGreaterThanOrEqual(400);
    const copied = key.create(await begin(second.grant.access_token));
    expect((await add(second.grant.access_token, copied)).code).toBe('conflict');
  });

  it.each([
    {},
    { passkey: null },
    { passkey: { id: 'x' } },
    { passkey: 'x' },
    { passkey: { id: '!', type: 'public-key' } },
  ])('answer %j with what is wrong', async (json) => {
    expect((await service.http.post('/auth/passkey/login', { json })).code).toBe('validation_failed');
  });
});
