import { createHash, randomUUID } from 'node:crypto';
import { generate } from 'otplib';
import { ProviderTokens } from '../../src/federation/oidc/provider-tokens';
import { TenantSettingsStore } from '../../src/tenancy/tenant-settings.store';
import { IdentityProvider, type ProviderAccount } from '../support/identity-provider';
import { sentOutside } from '../support/outside-statements';
import { PROFILES } from '../support/profiles';
import { PUBLIC_URL, requestIn, Visitor } from './oidc-visitor';
import { Service, type Grant } from './service';
import { unique } from '../support/test-app';
import { withClient } from '../support/test-database';

const SEALED = 'SELECT tokens_sealed AS sealed FROM federated_identities WHERE tokens_sealed IS NOT NULL';

interface Row {
  readonly sealed: Buffer;
}

const SECRET = 'a secret of the client & some signs +';
const APP = 'https://app.example.com/signed-in';

const provider = new IdentityProvider([
  {
    client_id: 'latchkey',
    client_secret: SECRET,
    redirect_uris: ['keycloak', 'closed'].map((name) => `${PUBLIC_URL}/auth/oidc/${name}/callback`).concat(APP),
    grant_types: ['authorization_code', 'refresh_token'],
    post_logout_redirect_uris: [`${PUBLIC_URL}/`],
  },
]);

beforeAll(() => provider.start());
afterAll(() => provider.stop());

describe.each(PROFILES)('signing in at a provider, $name', ({ settings, row }) => {
  const service = new Service({});
  let tenantId = '';

  function configured(name: string, more: object): Record<string, string | boolean | readonly string[]> {
    const common = { type: 'keycloak', issuer: provider.issuer, client_id: 'latchkey', client_secret: SECRET };
    const entries = Object.entries({ ...common, allow_private_network: true, redirect_uris: [APP], ...more });
    return Object.fromEntries(entries.map(([key, value]) => [`federation.oidc.${name}.${key}`, value as string]));
  }

  beforeAll(async () => {
    const roles = { roles_allowed: ['editor', 'app-*'] };
    await service.start({
      settings: {
        ...settings,
        'server.public_url': PUBLIC_URL,
        ...configured('keycloak', { ...roles, registration: 'open', link_by_verified_email: true, store_tokens: true }),
        ...configured('closed', { tenant: 'default' }),
      },
    });
    tenantId = (await service.defaultTenant()).id;
  });
  afterAll(() => service.stop());

  function somebody(difference: object = {}): ProviderAccount {
    const name = unique('joao');
    return {
      sub: randomUUID(),
      tenant_id: tenantId,
      email: `${name}@exemplo.com.br`,
      email_verified: true,
      name: 'João Conceição',
      preferred_username: name,
      realm_access: { roles: ['editor', 'admin', 'platform_admin', 'offline_access'] },
      resource_access: { latchkey: { roles: ['app-billing', 'other'] }, elsewhere: { roles: ['app-foreign'] } },
      ...difference,
    };
  }

  async function signIn(account: ProviderAccount, name = 'keycloak', query: Record<string, string> = {}) {
    await provider.signsIn(account);
    const visitor = new Visitor(service);
    const callback = await visitor.signInAt(await visitor.begin(name, query));
    return { visitor, callback, answer: await visitor.get(callback) };
  }

  it('makes an account of what the provider says, and sends the browser where it wanted to go', async () => {
    const account = somebody();
    const { visitor, answer } = await signIn(account, 'keycloak', { return_to: '/conta?se%C3%A7%C3%A3o=1' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/conta?se%C3%A7%C3%A3o=1']);
    const user = await visitor.grant();
    expect(user).toMatchObject({
      tenant_id: tenantId,
      email: account.email,
      username: account['preferred_username'],
      name: 'João Conceição',
    });
    expect([...(user?.roles ?? [])].sort()).toEqual(['app-billing', 'editor']);
    const me = await service.me(visitor.accessToken ?? '');
    expect(me.body.amr).toEqual(['fed']);
  });

  it('does all that it does for the tenant behind the wall', async () => {
    const account = somebody();
    await provider.signsIn(account);
    for (const what of ['makes an account', 'finds it again']) {
      const visitor = new Visitor(service);
      const callback = await visitor.signInAt(await visitor.begin('keycloak'));
      const outside = await sentOutside(async () => expect((await visitor.get(callback)).status).toBe(302));
      expect([what, outside.filter((text) => !text.includes('FROM "tenants"'))]).toEqual([what, []]);
    }
  });

  it('knows them again by issuer and subject, whatever else has changed', async () => {
    const account = somebody();
    const first = await (await signIn(account)).visitor.grant();
    const changed = { ...account, email: `${unique('other')}@example.com`, preferred_username: unique('other') };
    const again = await (await signIn({ ...changed, realm_access: { roles: [] } })).visitor.grant();
    expect(again?.id).toBe(first?.id);
    expect(again?.roles).toEqual(['app-billing']);
  });

  it('exchanges a code that an application got, for tokens as a login answers them', async () => {
    await provider.signsIn(somebody());
    const visitor = new Visitor(service);
    const verifier = 'v'.repeat(43);
    const url = new URL(`${provider.issuer}/auth`);
    url.search = new URLSearchParams({
      client_id: 'latchkey',
      response_type: 'code',
      redirect_uri: APP,
      scope: 'openid email profile',
      state: 's',
      nonce: 'a nonce of the application',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString();
    const back = await followTo(visitor, url);
    const json = {
      code: back.searchParams.get('code'),
      iss: back.searchParams.get('iss'),
      code_verifier: verifier,
      redirect_uri: APP,
      nonce: 'a nonce of the application',
    };
    const foreign = { ...json, redirect_uri: `${APP}/` };
    expect((await service.http.post('/auth/oidc/keycloak/exchange', { json: foreign })).code).toBe('validation_failed');
    const { status, body } = await service.http.post<Grant>('/auth/oidc/keycloak/exchange', { json });
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', user: { name: 'João Conceição', tenant_id: tenantId } });
    expect((await service.refresh(body.refresh_token)).status).toBe(200);
    const again = await service.http.post('/auth/oidc/keycloak/exchange', { json });
    expect([again.status, again.code]).toEqual([401, 'federated_login_failed']);
  });

  it('takes one callback once', async () => {
    const account = somebody();
    await provider.signsIn(account);
    const visitor = new Visitor(service);
    const callback = await visitor.signInAt(await visitor.begin('keycloak'));
    const copy = visitor.jar.copy();
    expect((await visitor.get(callback)).headers.get('location')).toBe('/');
    expect((await visitor.get(callback)).headers.get('location')).toBe('/?error=federated_login_failed');
    const replayed = await service.http.get(callback, { headers: copy.header });
    expect(replayed.headers.get('location')).toBe('/?error=federated_login_failed');
    expect(replayed.headers.getSetCookie().some((line) => line.includes('lk_at=') && !/max-age=0/i.test(line))).toBe(
      false,
    );
  });

  it('makes one account and one identity of twenty first sign-ins at once', async () => {
    const account = somebody();
    await provider.signsIn(account);
    const visitors = Array.from({ length: 20 }, () => new Visitor(service));
    const callbacks: string[] = [];
    for (const visitor of visitors) callbacks.push(await visitor.signInAt(await visitor.begin('keycloak')));
    const answers = await Promise.all(visitors.map((visitor, place) => visitor.get(callbacks[place] ?? '')));
    expect(answers.map(({ headers }) => headers.get('location'))).toEqual(Array(20).fill('/'));
    const users = await Promise.all(visitors.map((visitor) => visitor.grant()));
    expect(new Set(users.map((user) => user?.id)).size).toBe(1);
    const token = visitors[0]?.accessToken;
    const { body } = await service.http.get<{ identities: object[] }>('/auth/identities', { token });
    expect(body.identities).toEqual([
      {
        id: expect.any(String) as string,
        provider: 'keycloak',
        issuer: provider.issuer,
        subject: account.sub,
        created_at: expect.any(String) as string,
        last_sign_in_at: expect.any(String) as string,
      },
    ]);
  });

  it('leads a verified address to the account that has verified it too, and no other', async () => {
    const person = await service.person();
    const { visitor, answer } = await signIn(somebody({ email: person.email, preferred_username: undefined }));
    expect(answer.headers.get('location')).toBe('/?error=email_taken');
    expect(visitor.accessToken).toBeUndefined();

    const owner = await (await signIn(somebody())).visitor.grant();
    const linked = await signIn(somebody({ email: owner?.['email'] as string }));
    expect((await linked.visitor.grant())?.id).toBe(owner?.id);
    expect(service.app.logged('identity_linked').at(-1)).toMatchObject({
      user_id: owner?.id,
      reason: 'verified_email',
    });
  });

  it('refuses strangers of a closed provider with the same words, known address or not', async () => {
    const person = await service.person();
    for (const email of [person.email, `${unique('nobody')}@example.com`]) {
      const { answer } = await signIn(somebody({ email }), 'closed');
      expect([answer.status, answer.headers.get('location')]).toEqual([302, '/?error=account_not_linked']);
    }
    expect(service.app.logged('federated_login_failed').at(-1)).toMatchObject({
      kind: 'closed',
      reason: 'account_not_linked',
    });
  });

  it('is nobody in another tenant', async () => {
    const account = somebody();
    const here = await (await signIn(account)).visitor.grant();
    const other = await service.tenant();
    const there = await (
      await signIn({ ...account, tenant_id: other.slug, preferred_username: unique('u') })
    ).visitor.grant();
    expect([there?.tenant_id, there?.id === here?.id]).toEqual([other.id, false]);
    for (const tenant of ['no-such-tenant', undefined, ['default'], randomUUID()]) {
      const { answer } = await signIn(somebody({ tenant_id: tenant }));
      expect(answer.headers.get('location')).toBe('/?error=federated_login_failed');
    }
    const named = await signIn(somebody(), 'keycloak', { tenant_id: other.id });
    expect(named.answer.headers.get('location')).toBe('/?error=federated_login_failed');
  });

  it('lets nobody in whose account is disabled', async () => {
    const account = somebody();
    const user = await (await signIn(account)).visitor.grant();
    await service.changes.disable({ tenantId, userId: user?.id ?? '' });
    const { visitor, answer } = await signIn(account);
    expect(answer.headers.get('location')).toBe('/?error=account_disabled');
    expect(visitor.accessToken).toBeUndefined();
  });

  it('asks for a second factor behind the #, and the challenge finishes the login', async () => {
    const account = somebody();
    const user = await (await signIn(account)).visitor.grant();
    await service.changes.setMfaRequired({ tenantId, userId: user?.id ?? '' }, true);
    const { visitor, answer } = await signIn(account, 'keycloak', { return_to: '/app?x=1' });
    const [target, fragment] = (answer.headers.get('location') ?? '').split('#');
    expect(target).toBe('/app?x=1');
    expect(visitor.accessToken).toBeUndefined();
    const facts = new URLSearchParams(fragment);
    expect([facts.get('error'), facts.get('enrolment_required')]).toEqual(['mfa_required', 'true']);
    const challenge = facts.get('challenge');
    const enrolment = await service.http.post<{ secret: string }>('/auth/mfa/enrol/totp', { json: { challenge } });
    const code = await generate({ secret: enrolment.body.secret });
    const done = await service.http.post<Grant>('/auth/mfa/enrol/totp/confirm', { json: { challenge, code } });
    const me = await service.me(done.body.access_token);
    expect(me.body.amr).toEqual(['fed', 'otp', 'mfa']);
  });

  it('links an identity to the account that asked for it, and unlinks it', async () => {
    const { grant, person } = await service.signedIn();
    const token = grant.access_token;
    const account = somebody();
    await provider.signsIn(account);
    const visitor = new Visitor(service);
    const begun = await service.http.post<{ url: string }>('/auth/oidc/closed/link', {
      token,
      json: { return_to: '/me' },
    });
    visitor.jar.take(begun.headers);
    const back = await visitor.get(await visitor.signInAt(requestIn(begun.body.url)));
    expect(back.headers.get('location')).toBe('/me?linked=closed');
    expect((await (await signIn(account, 'closed')).visitor.grant())?.id).toBe(person.userId);

    const { body } = await service.http.get<{ identities: { id: string }[] }>('/auth/identities', { token });
    const [identity] = body.identities;
    const stranger = await service.signedIn();
    const path = `/auth/identities/${identity?.id}`;
    expect((await service.http.delete(path, { token: stranger.grant.access_token })).status).toBe(404);
    expect((await service.http.delete(path, { token })).status).toBe(204);
    expect((await signIn(account, 'closed')).answer.headers.get('location')).toBe('/?error=account_not_linked');
  });

  it('makes accounts of the domains of the tenant alone, by addresses that are verified', async () => {
    const { id } = await service.tenant();
    await service.app.provider(TenantSettingsStore).update(id, { emailDomains: ['exemplo.com.br'] });
    const outcome = async (difference: object = {}) =>
      (await signIn(somebody({ tenant_id: id, ...difference }))).answer.headers.get('location');
    for (const difference of [
      { email: `${unique('ada')}@elsewhere.example` },
      { email: `${unique('ada')}@sub.exemplo.com.br` },
      { email_verified: false },
      { email: undefined },
    ]) {
      expect(await outcome(difference)).toBe('/?error=account_not_linked');
    }
    expect(await outcome()).toBe('/');
    expect(await outcome({ email: `${unique('ADA')}@EXEMPLO.com.br` })).toBe('/');
  });

  it('keeps the last way in', async () => {
    const { visitor } = await signIn(somebody());
    const token = visitor.accessToken;
    const { body } = await service.http.get<{ identities: { id: string }[] }>('/auth/identities', { token });
    const answer = await service.http.delete(`/auth/identities/${body.identities[0]?.id}`, { token });
    expect(answer.code).toBe('conflict');
  });

  it('gives an application the tokens of the provider, sealed in the database and renewed when they end', async () => {
    const user = await (await signIn(somebody())).visitor.grant();
    const ref = { tenantId, userId: user?.id ?? '' };
    const tokens = service.app.provider(ProviderTokens);
    const first = await tokens.get(ref, 'keycloak');
    expect(first?.accessToken).toMatch(/^\S{20,}$/);
    expect(await tokens.get({ ...ref, tenantId: randomUUID() }, 'keycloak')).toBeNull();
    expect(await tokens.get(ref, 'closed')).toBeNull();
    const rows = await withClient(service.app.database.url, (client) => client.query<Row>(SEALED));
    expect(rows.rows.length).toBeGreaterThan(0);
    for (const { sealed } of rows.rows) expect(sealed.toString('latin1')).not.toContain(first?.accessToken ?? '');
    service.clock.advance(6 * 60_000);
    const [one, other] = await Promise.all([tokens.get(ref, 'keycloak'), tokens.get(ref, 'keycloak')]);
    expect(one?.accessToken).not.toBe(first?.accessToken);
    expect(other?.accessToken).toBe(one?.accessToken);
  });

  it('signs out here and goes on to the provider with the ID token', async () => {
    const { visitor } = await signIn(somebody());
    const token = visitor.accessToken ?? '';
    const headers = { 'sec-fetch-site': 'cross-site' };
    expect((await service.http.get('/auth/oidc/keycloak/logout', { token, headers })).code).toBe('csrf_failed');
    const answer = await service.http.get('/auth/oidc/keycloak/logout', { token });
    const url = new URL(answer.headers.get('location') ?? '');
    expect(url.href).toMatch(new RegExp(`^${provider.issuer}/session/end`));
    expect(url.searchParams.get('id_token_hint')).toMatch(/^eyJ/);
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${PUBLIC_URL}/`);
    expect((await service.me(token)).status).toBe(row.logout_takes_effect === 'at_once' ? 401 : 200);
  });

  it('tells sign-in pages which providers there are', async () => {
    const other = await service.tenant();
    const all = await service.http.get<{ providers: object[] }>('/auth/oidc');
    expect(all.body.providers).toEqual([
      { name: 'keycloak', type: 'keycloak' },
      { name: 'closed', type: 'keycloak' },
    ]);
    const there = await service.http.get<{ providers: object[] }>(`/auth/oidc?tenant_id=${other.id}`);
    expect(there.body.providers).toEqual([{ name: 'keycloak', type: 'keycloak' }]);
  });

  async function followTo(visitor: Visitor, start: URL): Promise<URL> {
    let url = start;
    while (!url.href.startsWith(APP)) {
      const response = await fetch(url, { headers: visitor.providerJar.header, redirect: 'manual' });
      visitor.providerJar.take(response.headers);
      url = new URL(response.headers.get('location') ?? '', url);
    }
    return url;
  }
});
