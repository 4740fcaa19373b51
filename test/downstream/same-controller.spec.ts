import { auto, introspection, jwks, secret, type CrossUserAttempt, type VerifierRecipe } from '@latchkey/nest';
import type { INestApplication } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { ClientRegistry } from '../../src/clients/client-registry';
import { HttpClient } from '../support/http-client';
import { PROFILES } from '../support/profiles';
import { JWT_SECRET } from '../support/test-app';
import { until } from '../support/until';
import { useService, type Grant, type SignedIn } from '../e2e/service';
import { NotesModule, startDownstream } from './applications';

type Verifier = 'jwks' | 'introspection' | 'auto' | 'secret';
interface Place {
  readonly name: string;
  readonly platform?: 'express' | 'fastify';
  readonly verifier?: Verifier;
}

const placesFor = (verifiers: readonly Verifier[]): readonly Place[] => [
  { name: 'the service itself' },
  ...(['express', 'fastify'] as const).flatMap((platform) =>
    verifiers.map((verifier) => ({ name: `${platform}, ${verifier}`, platform, verifier })),
  ),
];

const PUBLISHED = { 'auth.jwt.algorithm': 'ES256' };
const CASES = [
  ...PROFILES.map((profile) => {
    const jwt = profile.row.access_token === 'jwt';
    const verifiers = [...(jwt ? (['jwks'] as const) : []), 'introspection', 'auto'] as const;
    return { ...profile, settings: { ...PUBLISHED, ...profile.settings }, places: placesFor(verifiers) };
  }),
  { ...PROFILES[2]!, name: 'stateless with a shared secret', places: placesFor(['secret', 'introspection']) },
];

describe.each(CASES)('one controller, the service being $name', ({ settings, row, places }) => {
  const service = useService({ settings, extend: [NotesModule] });
  const jwt = row.access_token === 'jwt';
  let client: { id: string; secret: string };

  beforeAll(async () => {
    const registry = service.app.provider(ClientRegistry);
    client = await registry.create({ name: 'notes', tenants: 'all', audiences: ['latchkey-api'] });
  });

  function recipe(verifier: Verifier): VerifierRecipe {
    const { url } = service.app;
    const options = { url, audience: 'latchkey-api', client, feed: true };
    const shared = { ...options, issuer: 'latchkey', secret: JWT_SECRET };
    const recipes = { jwks, introspection, auto, secret: () => secret(shared) };
    return recipes[verifier](options);
  }

  describe.each(places)('in $name', ({ platform, verifier }) => {
    const attempts: CrossUserAttempt[] = [];
    let app: INestApplication | undefined;
    let http: HttpClient;
    let ada: SignedIn;
    let admin: Grant;

    beforeAll(async () => {
      if (platform && verifier) {
        const hooks = { onCrossUserAttempt: (attempt: CrossUserAttempt) => void attempts.push(attempt) };
        const started = await startDownstream(platform, recipe(verifier), hooks);
        [app, http] = [started.app, new HttpClient(started.url)];
      } else http = service.http;
      ada = await service.signedIn();
      admin = (await service.signedIn(await service.person({ roles: ['admin', 'auditor'] }))).grant;
    });
    afterAll(() => app?.close());

    const get = <Body>(path: string, token: string | undefined = ada.grant.access_token) =>
      http.get<Body>(path, { token });

    it('knows the caller', async () => {
      const { status, body } = await get<Record<string, unknown>>('/notes');
      const { userId, tenantId, email } = ada.person;
      expect([status, body]).toMatchObject([
        200,
        { userId, tenantId, user: { kind: 'user', email, userId, tenantId } },
      ]);
    });

    it('serves everyone where it is open, with and without a token', async () => {
      const nobody = await http.get('/notes/about');
      expect([nobody.status, (await http.get('/notes/about', { token: 'rubbish' })).status]).toEqual([200, 200]);
      expect((await http.get('/notes/hello')).body).toEqual({ hello: 'stranger' });
      expect((await get('/notes/hello')).body).toEqual({ hello: ada.person.email });
    });

    it('answers 401 and 403 as problem documents', async () => {
      const nobody = await http.get('/notes');
      expect([nobody.status, nobody.code]).toEqual([401, 'missing_token']);
      expect(nobody.headers.get('www-authenticate')).toBe('Bearer');
      expect(nobody.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      for (const token of [`${ada.grant.access_token}x`, ada.grant.refresh_token, 'rubbish', 'a b']) {
        const bad = await http.get('/notes', { token });
        expect([bad.status, bad.code]).toEqual([401, 'invalid_token']);
        expect(bad.headers.get('www-authenticate')).toContain('error="invalid_token"');
      }
      expect((await get('/notes/hello', 'rubbish')).code).toBe('invalid_token');
      expect((await get('/notes/all')).code).toBe('insufficient_role');
      expect((await get('/notes/nowhere')).code).toBe('not_found');
    });

    it('lets a role in', async () => {
      expect((await get('/notes/all', admin.access_token)).body).toEqual({ askedBy: admin.user.id });
    });

    it('tells what the token was', async () => {
      const { body } = await get<Record<string, unknown>>('/notes/how');
      const sid = ada.sessionId;
      expect(body).toMatchObject({ jwt, sessionId: sid, sid, session: jwt ? null : sid, amr: ['pwd'] });
      expect(typeof body['jti']).toBe(jwt ? 'string' : 'object');
    });

    it('keeps what belongs to one user or tenant from another, and tells the metrics', async () => {
      const { userId, tenantId } = ada.person;
      expect((await get(`/notes/of-user/${userId}`)).status).toBe(200);
      expect((await get(`/notes/of-tenant/${tenantId}`)).status).toBe(200);
      expect((await get(`/notes/of-user/${userId}`, admin.access_token)).status).toBe(200);
      const stranger = randomUUID();
      expect((await get(`/notes/of-user/${admin.user.id}`)).code).toBe('insufficient_role');
      expect((await get(`/notes/of-tenant/${stranger}`, admin.access_token)).code).toBe('tenant_mismatch');
      if (platform) {
        expect(attempts.map(({ kind, asked }) => [kind, asked])).toEqual([
          ['user', admin.user.id],
          ['tenant', stranger],
        ]);
      }
    });

    it('knows the caller after the body was read and after an await', async () => {
      const options = { token: ada.grant.access_token, json: { text: 'hello' } };
      const { body } = await http.post('/notes', options);
      expect(body).toEqual({ text: 'hello', by: ada.person.userId });
    });

    it('never gives one caller the context of another', async () => {
      const [mine, theirs] = [ada.grant.access_token, admin.access_token];
      const answers = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const options = { token: i % 2 ? mine : theirs, json: { text: String(i) } };
          return (await http.post<{ by: string }>('/notes', options)).body.by;
        }),
      );
      expect(answers).toEqual(answers.map((_, i) => (i % 2 ? ada.person.userId : admin.user.id)));
    });

    it('refuses a login that was ended, within seconds', async () => {
      const { grant } = await service.signedIn();
      expect((await get('/notes', grant.access_token)).status).toBe(200);
      await service.http.post('/auth/logout', { token: grant.access_token });
      if (row.logout_takes_effect === 'at_expiry') return;
      await until('it is refused', async () => (await get('/notes', grant.access_token)).status === 401);
      expect((await get('/notes')).status).toBe(200);
    });
  });
});
