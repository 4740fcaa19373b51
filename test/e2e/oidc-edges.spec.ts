import { randomUUID } from 'node:crypto';
import { CleanupJob } from '../../src/maintenance/cleanup.job';
import { HostileProvider } from '../support/hostile-provider';
import { PROFILES } from '../support/profiles';
import { withClient } from '../support/test-database';
import { MailingService } from './mail-service';
import { PUBLIC_URL, requestIn, Visitor } from './oidc-visitor';
import { Service } from './service';

const op = new HostileProvider();

beforeAll(() => op.start());
afterAll(() => op.stop());
beforeEach(() => op.reset());

describe('an identity that is linked', () => {
  let service: MailingService;
  afterAll(() => service.end());

  it('is told by mail to whoever has the account', async () => {
    service = new MailingService({
      'server.public_url': PUBLIC_URL,
      'federation.oidc.op.issuer': op.issuer,
      'federation.oidc.op.client_id': op.clientId,
      'federation.oidc.op.allow_private_network': true,
    });
    await service.begin();
    const { grant, person } = await service.signedIn();
    const visitor = new Visitor(service);
    const token = grant.access_token;
    const begun = await service.http.post<{ url: string }>('/auth/oidc/op/link', { token, json: {} });
    visitor.jar.take(begun.headers);
    const { state, nonce } = requestIn(begun.body.url);
    const answer = await visitor.comeBack('op', { code: op.code({ nonce }), state });
    expect(answer.headers.get('location')).toBe('/?linked=op');
    await service.settle();
    const [letter] = service.server.to(person.email);
    expect(letter?.subject).toBe('Another way to sign in to your account');
    expect(letter?.text).toContain('can be signed in to with op.');
  });
});

describe.each(PROFILES)('sign-ins at providers among other things, $name', ({ settings }) => {
  const service = new Service({});

  beforeAll(() =>
    service.start({
      settings: {
        ...settings,
        'server.public_url': PUBLIC_URL,
        'server.base_path': '/id',
        'federation.oidc.op.issuer': op.issuer,
        'federation.oidc.op.client_id': op.clientId,
        'federation.oidc.op.client_secret': 'the secret of the client',
        'federation.oidc.op.allow_private_network': true,
        'federation.oidc.op.registration': 'open',
        'federation.oidc.op.store_tokens': true,
        'auth.limits.enabled': true,
        'auth.limits.store': 'memory',
      },
    }),
  );
  afterAll(() => service.stop());

  async function signIn(visitor = new Visitor(service), query: Record<string, string> = {}) {
    op.claims = { sub: randomUUID(), sid: randomUUID() };
    const { state, nonce } = await visitor.begin('op', query);
    const answer = await visitor.comeBack('op', { code: op.code({ nonce }), state });
    return { visitor, answer };
  }

  it('use cookies that no script reads and no other site sends, below the base path', async () => {
    const visitor = new Visitor(service);
    const begun = await service.http.get('/auth/oidc/op/login');
    const [attempt = ''] = begun.headers.getSetCookie();
    expect(attempt.replace(/=[^;]+;/, '=…;')).toMatch(
      /^__Secure-lk_oidc_[\w-]{12}=…; Max-Age=600; Path=\/id\/auth\/oidc\/op; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(new URL(begun.headers.get('location') ?? '').searchParams.get('redirect_uri')).toBe(
      `${PUBLIC_URL}/id/auth/oidc/op/callback`,
    );
    const { answer } = await signIn(visitor, { remember: 'false' });
    const [forgotten, access, refresh] = answer.headers.getSetCookie();
    expect(forgotten).toMatch(/^__Secure-lk_oidc_[\w-]{12}=; Max-Age=0; Path=\/id\/auth\/oidc\/op;/);
    expect(access).toMatch(/^__Host-lk_at=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(refresh).toMatch(/^__Secure-lk_rt=[^;]+; Path=\/id\/auth; HttpOnly; Secure; SameSite=Lax$/);
    expect(answer.text).toBe('');
  });

  it('leave events and figures like other logins, and no secret in the log', async () => {
    const { visitor } = await signIn();
    const { state } = await visitor.begin('op');
    const secrets = [state, visitor.accessToken ?? '', op.redemptions[0]?.get('code_verifier') ?? ''];
    await visitor.comeBack('op', { code: 'a-code-that-is-wrong', state });
    expect(service.app.logged('login_succeeded').at(-1)).toMatchObject({ reason: 'fed' });
    expect(service.app.logged('federated_login_failed').at(-1)).toMatchObject({
      kind: 'op',
      reason: 'federated_login_failed',
    });
    const log = JSON.stringify(service.app.logs);
    for (const secret of [...secrets, 'the secret of the client', 'an access token', 'a-code-that-is-wrong']) {
      expect([secret, log.includes(secret)]).toEqual([secret, false]);
    }
  });

  it('leave nothing behind that is over', async () => {
    await signIn();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const raw = new URLSearchParams({ logout_token: op.logoutToken({ sub: 'nobody' }) }).toString();
    await service.http.post('/auth/oidc/op/backchannel-logout', { raw, headers });
    const rows = (sql: string) =>
      withClient(service.app.database.url, async (client) => (await client.query<{ n: number }>(sql)).rows[0]?.n);
    for (const table of ['provider_sessions', 'used_assertions']) {
      await rows(`UPDATE ${table} SET expires_at = now() - interval '1 second'`);
      await service.app.provider(CleanupJob).run();
      expect([table, await rows(`SELECT count(*)::int AS n FROM ${table}`)]).toEqual([table, 0]);
    }
  });

  // Last: it uses up what one address may do.
  it('are limited like logins', async () => {
    const codes: string[] = [];
    for (let attempt = 0; attempt < 21; attempt++) {
      codes.push((await service.http.get('/auth/oidc/op/callback?state=x')).code);
    }
    expect(codes.at(-1)).toBe('rate_limited');
    expect((await service.http.get('/auth/oidc/op/login')).code).toBe('rate_limited');
    expect((await service.http.post('/auth/oidc/op/exchange', { json: {} })).code).toBe('rate_limited');
  });
});
