import { randomUUID } from 'node:crypto';
import { ClientRegistry } from '../../src/clients/client-registry';
import { FORM, oauthCaller, type OAuthCaller, type OAuthProblem } from '../support/oauth-caller';
import { PROFILES } from '../support/profiles';
import { expectRefusal } from './refusals';
import { claimsOf, useService } from './service';

describe.each(PROFILES)('client credentials, $name', ({ settings, row }) => {
  const service = useService({ settings });
  const revocable = row.logout_takes_effect === 'at_once';
  let tenantId: string;
  let caller: OAuthCaller;

  beforeAll(async () => {
    tenantId = (await service.defaultTenant()).id;
    caller = await oauthCaller(service.app, { tenants: [tenantId] });
  });

  async function tokenOf(of = caller): Promise<string> {
    const { status, body, text } = await of.token();
    if (status !== 200) throw new Error(text);
    return body.access_token;
  }

  it('give a JWT in every mode, with no refresh token', async () => {
    const { body, headers } = await caller.token();
    expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'token_type']);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(claimsOf(body.access_token)).toMatchObject({
      sub: caller.id,
      client_id: caller.id,
      user_id: caller.id,
      tenant_id: tenantId,
      aud: 'latchkey-api',
      gen: [expect.any(Number), expect.any(Number), expect.any(Number)],
    });
  });

  it('make a principal of the kind client, which the guards know', async () => {
    const token = await tokenOf();
    const me = await service.me(token);
    expect(me.status).toBe(200);
    expect(me.body.user).toMatchObject({ id: caller.id, tenant_id: tenantId, email: null, roles: [] });
    const { body } = await caller.introspect(token);
    expect(body).toMatchObject({ active: true, token_kind: 'jwt', client_id: caller.id, user_id: caller.id, amr: [] });
  });

  it('are no way to what belongs to people', async () => {
    const token = await tokenOf();
    for (const [method, path] of [
      ['GET', '/auth/sessions'],
      ['DELETE', '/auth/sessions'],
      ['DELETE', '/auth/sessions?except=current'],
      ['DELETE', `/auth/sessions/${randomUUID()}`],
    ] as const) {
      const answer = await service.http.send(method, path, { token });
      expect([path, answer.status, answer.code]).toEqual([path, 403, 'insufficient_role']);
    }
    expect((await service.me(token)).status).toBe(200);
  });

  it('end with a logout, with their token, with their client and with everything of its tenant', async () => {
    const registry = service.app.provider(ClientRegistry);
    const own = await oauthCaller(service.app, { tenants: [tenantId] });
    const after = revocable ? 401 : 200;
    const one = await tokenOf(own);
    expect((await service.http.post('/auth/logout', { token: one })).status).toBe(200);
    expect((await service.me(one)).status).toBe(after);
    const two = await tokenOf(own);
    expect((await own.revoke(two)).status).toBe(revocable ? 200 : 409);
    expect((await service.me(two)).status).toBe(after);
    const three = await tokenOf(own);
    await registry.disable(own.id);
    expect((await service.me(three)).status).toBe(after);
    expect((await own.token()).code).toBe('invalid_client');
    await registry.enable(own.id);
    const four = await tokenOf(own);
    expect((await service.me(four)).status).toBe(200);
    await registry.delete(own.id);
    expect((await service.me(four)).status).toBe(after);
  });

  it('expire', async () => {
    const token = await tokenOf(await oauthCaller(service.app, { tenants: [tenantId] }));
    service.clock.advance(16 * 60_000);
    expect((await service.me(token)).code).toBe('token_expired');
  });

  it('name the tenant where the client has several, and reach no other', async () => {
    const [other, foreign] = [await service.tenant(), await service.tenant()];
    const several = await oauthCaller(service.app, { tenants: [tenantId, other.id] });
    const everywhere = await oauthCaller(service.app, { tenants: 'all' });
    for (const each of [several, everywhere]) {
      expectRefusal(await each.token(), 400);
      expect(claimsOf((await each.token({ tenant_id: other.id })).body.access_token)['tenant_id']).toBe(other.id);
    }
    expect((await several.token({ tenant_id: foreign.id })).body).toMatchObject({ error: 'invalid_scope' });
    expect((await everywhere.token({ tenant_id: randomUUID() })).body).toMatchObject({ error: 'invalid_scope' });
    expect((await caller.token({ tenant_id: foreign.id })).body).toMatchObject({ error: 'invalid_scope' });
    expect((await caller.token({ tenant_id: 'default' })).body).toMatchObject({ error: 'invalid_request' });
    const deaf = await oauthCaller(service.app, { tenants: [tenantId], audiences: ['another-api'] });
    expect((await deaf.token()).body).toMatchObject({ error: 'invalid_scope' });
  });
});

describe('the errors of RFC 6749, section 5.2', () => {
  const service = useService({ settings: { 'auth.mode': 'stateless' } });
  let caller: OAuthCaller;

  beforeAll(async () => {
    caller = await oauthCaller(service.app, { tenants: [(await service.defaultTenant()).id] });
  });

  const post = (path: string, raw: string | Uint8Array, headers: Record<string, string> = {}) =>
    service.http.post<OAuthProblem>(path, { raw, headers: { 'content-type': FORM, ...headers } });

  const TABLE: readonly [string, Record<string, string>, number, string, string][] = [
    ['no grant type', { grant_type: '' }, 400, 'validation_failed', 'invalid_request'],
    ['passwords', { grant_type: 'password' }, 400, 'unsupported_grant_type', 'unsupported_grant_type'],
    ['refresh tokens', { grant_type: 'refresh_token' }, 400, 'unsupported_grant_type', 'unsupported_grant_type'],
    ['codes', { grant_type: 'authorization_code' }, 400, 'unsupported_grant_type', 'unsupported_grant_type'],
    ['a scope', { scope: 'admin' }, 400, 'invalid_scope', 'invalid_scope'],
    ['a malformed tenant', { tenant_id: 'x' }, 400, 'validation_failed', 'invalid_request'],
    ['a foreign tenant', { tenant_id: randomUUID() }, 400, 'invalid_scope', 'invalid_scope'],
    ['two ways to authenticate', { client_secret: 'x' }, 400, 'validation_failed', 'invalid_request'],
    ['another client in the body', { client_id: randomUUID() }, 400, 'validation_failed', 'invalid_request'],
  ];

  it.each(TABLE)('are given for %s', async (_, form, status, code, error) => {
    const answer = await caller.token(form);
    expectRefusal(answer, status);
    expect(answer.body).toMatchObject({ code, error, error_description: answer.body.detail });
  });

  it('are told as JSON to whoever asks for nothing else', async () => {
    const wrong = (accept: string) => post('/oauth/token', '', { accept });
    expect((await wrong('application/json')).headers.get('content-type')).toBe('application/json; charset=utf-8');
    for (const accept of ['*/*', 'application/problem+json, application/json']) {
      expect((await wrong(accept)).headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    }
  });

  it('are one answer for every failed authentication', async () => {
    const { id, secret } = caller;
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    const attempts: [string, Record<string, string>][] = [
      ['', {}],
      [`client_id=${id}`, {}],
      [`client_secret=${secret}`, {}],
      [`client_id=${id}&client_secret=lk_cs_wrong`, {}],
      [`client_id=${randomUUID()}&client_secret=${secret}`, {}],
      ['', basic(`${id}:`)],
      ['', basic(`${id}`)],
      ['', basic(`:${secret}`)],
      ['', basic(`${id}:${secret}x`)],
      ['', basic(`${id}:%zz`)],
      ['', basic(`${id}:%ff%fe`)],
      ['', { authorization: `Basic ${Buffer.from([0xff, 0xfe, 0x3a, 0x41]).toString('base64')}` }],
      ['', { authorization: 'Basic' }],
      ['', { authorization: 'Basic !!!' }],
      ['', { authorization: `Basic ${'A'.repeat(5_000)}` }],
      ['', { authorization: `Bearer ${secret}` }],
      ['', { authorization: `Digest username="${id}"` }],
    ];
    for (const [form, headers] of attempts) {
      const answer = await post('/oauth/introspect', `${form}&token=x`.replace(/^&/, ''), headers);
      expect([form, headers, answer.status, answer.body.error]).toEqual([form, headers, 401, 'invalid_client']);
      expectRefusal(answer, 401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="latchkey"/);
    }
  });

  it('let the client in by Basic with encoded parts, and by the body', async () => {
    const encoded = [...`${caller.id}`].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('');
    const basic = `basic ${Buffer.from(`${encoded}:${caller.secret}`).toString('base64')}`;
    expect((await post('/oauth/introspect', 'token=x', { authorization: basic })).text).toBe('{"active":false}');
    const form = `token=x&client_id=${caller.id}&client_secret=${caller.secret}`;
    expect((await post('/oauth/introspect', form)).text).toBe('{"active":false}');
    const both = { authorization: caller.basic };
    expect((await post('/oauth/introspect', `token=x&client_id=${caller.id}`, both)).status).toBe(200);
  });
});

describe('a service that does not accept JWTs', () => {
  const service = useService({ settings: { 'auth.mode': 'stateful', 'auth.accept': ['stateful'] } });

  it('gives none to clients', async () => {
    const caller = await oauthCaller(service.app, { tenants: 'all' });
    expect((await caller.token()).body).toMatchObject({ code: 'unsupported_grant_type' });
  });
});

describe.each(PROFILES)('clients of a service that has lost its database, $name', ({ settings }) => {
  const service = useService({ settings });

  it('are told that it is not their fault, whatever they ask: 503, never 401, never a guess', async () => {
    const caller = await oauthCaller(service.app, { tenants: [(await service.defaultTenant()).id] });
    const { grant } = await service.signedIn();
    expect((await caller.introspect(grant.access_token)).body.active).toBe(true);
    await service.app.database.drop();
    const answers = [
      await caller.introspect(grant.access_token),
      await caller.revoke(grant.access_token),
      await caller.token(),
      await caller.page(),
      await service.http.get('/oauth/revocations/stream', { headers: { authorization: caller.basic } }),
    ];
    for (const { status, body, headers } of answers) {
      expect([status, body]).toEqual([503, expect.objectContaining({ error: 'temporarily_unavailable' })]);
      expect(headers.get('retry-after')).toBe('1');
    }
  });
});
