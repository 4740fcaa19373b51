import { AuthContextService, AuthError, clientOf, authOf } from '@latchkey/nest';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROFILES } from '../support/profiles';
import { ClubModule, seenAfterwards } from './club.module';
import { useService, type Grant } from './service';

type Visitor = 'nobody' | 'member' | 'editor' | 'admin' | 'liar';

/** What each visitor is told at each door. */
const DOORS: readonly [string, Record<Visitor, string>][] = [
  ['/club/undecorated', told('missing_token', '200', '200', '200')],
  ['/club/public', told('200', '200', '200', '200', '200')],
  ['/club/optional', told('200', '200', '200', '200')],
  ['/club/admin', told('missing_token', 'insufficient_role', 'insufficient_role', '200')],
  ['/club/either', told('missing_token', 'insufficient_role', '200', '200')],
  ['/lobby/open', told('200', '200', '200', '200', '200')],
  ['/lobby/closed', told('missing_token', '200', '200', '200')],
  ['/lobby/admin', told('missing_token', 'insufficient_role', 'insufficient_role', '200')],
  ['/lobby/optional', told('200', '200', '200', '200')],
  ['/office/desk', told('missing_token', 'insufficient_role', 'insufficient_role', '200')],
  ['/office/door', told('200', '200', '200', '200', '200')],
  ['/office/editors', told('missing_token', 'insufficient_role', '200', 'insufficient_role')],
  ['/office/again', told('missing_token', 'insufficient_role', 'insufficient_role', '200')],
];

function told(nobody: string, member: string, editor: string, admin: string, liar = 'invalid_token') {
  return { nobody, member, editor, admin, liar };
}

interface Journey {
  readonly userId: string;
  readonly seen: readonly (string | null)[];
}

describe.each(PROFILES)('guards of an application, $name', ({ settings, row }) => {
  const service = useService({ settings, extend: [ClubModule] });
  const jwt = row.access_token === 'jwt';
  const grants = {} as Record<Visitor, Grant | undefined>;

  beforeAll(async () => {
    const member = await service.signedIn();
    grants.member = member.grant;
    grants.editor = (await service.signedIn(await service.person({ roles: ['editor'] }))).grant;
    grants.admin = (await service.signedIn(await service.person({ roles: ['admin', 'auditor'] }))).grant;
    grants.liar = { ...member.grant, access_token: `${member.grant.access_token}x` };
  });

  const get = (path: string, visitor: Visitor) => service.http.get(path, { token: grants[visitor]?.access_token });

  it.each(DOORS)('open %s to those it is for', async (path, expected) => {
    for (const visitor of ['nobody', 'member', 'editor', 'admin', 'liar'] as const) {
      expect([visitor, (await get(path, visitor)).code]).toEqual([visitor, expected[visitor]]);
    }
  });

  it('tell a stranger, a missing role and a bad token apart', async () => {
    const answers = [
      await get('/club/admin', 'nobody'),
      await get('/club/admin', 'member'),
      await get('/club/admin', 'liar'),
    ];
    expect(answers.map(({ status, headers }) => [status, headers.get('www-authenticate')])).toEqual([
      [401, 'Bearer'],
      [403, 'Bearer error="insufficient_scope", error_description="insufficient_role"'],
      [401, 'Bearer error="invalid_token", error_description="invalid_token"'],
    ]);
  });

  it.each(['Admin', 'admin ', 'adm', 'administrator', 'auditor:admin'])(
    'do not take the role %p for admin',
    async (role) => {
      if (role.endsWith(' ')) {
        await expect(service.person({ roles: [role] })).rejects.toThrow(AuthError);
        return;
      }
      const { grant } = await service.signedIn(await service.person({ roles: [role] }));
      expect((await service.http.get('/club/admin', { token: grant.access_token })).code).toBe('insufficient_role');
    },
  );

  it('hand each parameter what it is named after', async () => {
    const { user } = grants.admin!;
    const { body } = await service.http.get<Record<string, unknown>>('/club/parameters', {
      token: grants.admin!.access_token,
    });
    expect(body).toMatchObject({
      mode: row.mode,
      userId: user.id,
      tenantId: user.tenant_id,
      user: { kind: 'user', userId: user.id, tenantId: user.tenant_id, roles: ['admin', 'auditor'] },
      session: jwt ? null : { userAgent: 'node', ipAddress: '127.0.0.1' },
      claims: jwt ? { sub: user.id, roles: ['admin', 'auditor'] } : null,
    });
    expect(JSON.stringify(body)).not.toContain(grants.admin!.access_token);
  });

  it('hand an anonymous caller nothing, and look at no token on a public route', async () => {
    expect((await get('/club/optional', 'nobody')).body).toEqual({ userId: null, user: null, found: null });
    const member = grants.member!.user.id;
    expect((await get('/club/optional', 'member')).body).toMatchObject({ userId: member, found: member });
    for (const visitor of ['nobody', 'member', 'liar'] as const) {
      expect((await get('/club/public', visitor)).body).toEqual({ auth: null, found: null });
    }
  });

  it('let code without a request at hand ask who is acting', async () => {
    const { user } = grants.editor!;
    expect((await get('/club/musts', 'editor')).body).toEqual({
      jwt,
      principal: expect.objectContaining({ userId: user.id, roles: ['editor'] }),
      userId: user.id,
      tenantId: user.tenant_id,
      same: true,
    });
  });

  it('say that a JWT has no session and a session token no claims', async () => {
    const [claims, session] = [await get('/club/claims', 'member'), await get('/club/session', 'member')];
    expect([claims.code, session.code]).toEqual(jwt ? ['200', 'unsupported_in_mode'] : ['unsupported_in_mode', '200']);
    expect([claims.status, session.status]).toEqual(jwt ? [200, 409] : [409, 200]);
  });

  it.each(['user', 'tenant', 'claims', 'session', 'mode'])(
    'ask to sign in where the %s is needed and nobody is',
    async (what) => {
      for (const visitor of ['nobody', 'member'] as const) {
        expect(await get(`/club/must?what=${what}`, visitor)).toMatchObject({ status: 401, code: 'missing_token' });
      }
    },
  );

  it('know of nobody outside a request', () => {
    const context = new AuthContextService();
    expect(context.find()).toBeNull();
    expect(() => context.mustGet()).toThrow(new AuthError('missing_token', 'Sign in to continue'));
    expect(authOf({})).toBeNull();
    expect(clientOf({ headers: {} })).toEqual({ ipAddress: null, userAgent: null });
  });

  it('keep no more of a user agent than tells devices apart', () => {
    const long = 'a'.repeat(512);
    expect(clientOf({ headers: { 'user-agent': `${long}b` } }).userAgent).toBe(long);
    expect(clientOf({ headers: { 'user-agent': long } }).userAgent).toBe(long);
  });

  it('never mix two people, in 200 requests at once, across every pause and after the answer', async () => {
    const people = await Promise.all(Array.from({ length: 40 }, () => service.signedIn()));
    seenAfterwards.length = 0;
    const journeys = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const { grant } = people[i % people.length]!;
        const options = { token: grant.access_token, ...(i % 2 === 0 && { json: { padding: 'x'.repeat(50_000) } }) };
        const { body } = await service.http.send<Journey>(i % 2 === 0 ? 'POST' : 'GET', '/club/journey', options);
        return { asked: grant.user.id, ...body };
      }),
    );
    for (const { asked, userId, seen } of journeys) expect([userId, seen]).toEqual([asked, Array(6).fill(asked)]);
    await sleep(100);
    expect(seenAfterwards).toHaveLength(200);
    for (const { asked, seen } of seenAfterwards) expect(seen).toBe(asked);
  });

  it.each([
    ['/club/broken', 500, 'internal_error'],
    ['/club/teapot', 418, 'validation_failed'],
    ['/club/conflict', 409, 'conflict'],
  ])("answer the application's own errors without what is inside them: %s", async (path, status, code) => {
    const answer = await get(path, 'member');
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.text).not.toContain('secret detail');
    expect([answer.code, answer.body.status]).toEqual([code, answer.status]);
    if (status !== 418) expect(answer.status).toBe(status);
  });
});
