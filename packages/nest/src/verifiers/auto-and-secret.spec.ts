import { randomUUID } from 'node:crypto';
import { answersAtOnce, fate, verifierParts } from '../../../../test/support/downstream-parts';
import {
  CLIENT,
  FEED,
  INTROSPECT,
  IssuerServer,
  JWKS,
  newKey,
  signed,
  signedWithSecret,
} from '../../../../test/support/issuer-server';
import { until } from '../../../../test/support/until';
import type { AccessTokenVerifier } from '../access-token-verifier';
import type { ConnectionJudge } from '../connections/connection-judge';
import { auto, type AutoOptions } from './auto.verifier';
import { secret, type SecretOptions } from './secret.verifier';

const KEY = newKey('EdDSA');
const NOBODY = { ipAddress: null, userAgent: null };
const SECRET = 'a shared secret of sixty-four bytes and more, enough for every hash there is';

let server: IssuerServer;
let verifier: AccessTokenVerifier;

beforeEach(async () => {
  server = new IssuerServer();
  server.keys = [KEY.jwk];
  await server.start();
});
afterEach(async () => {
  await verifier?.stop();
  await server.stop();
});

describe('a resource server that takes both kinds', () => {
  async function started(options: Partial<AutoOptions> = {}): Promise<void> {
    verifier = auto({ url: server.url, audience: server.audience, client: CLIENT, ...options })(verifierParts());
    await verifier.start();
  }

  it('verifies JWTs alone and asks about session tokens', async () => {
    await started();
    server.asked[INTROSPECT] = 0;
    server.tokens.set('lk_at_x', { active: true, token_kind: 'opaque', ...server.claims() });
    expect(await fate(verifier, signed(KEY, server.claims()))).toBe('ok');
    expect(server.times(INTROSPECT)).toBe(0);
    expect(await fate(verifier, 'lk_at_x')).toBe('ok');
    expect(server.times(INTROSPECT)).toBe(1);
  });

  it.each(['', 'abc', 'ey', 'LK_at_x', 'Bearer'])('refuses what is neither without asking: "%s"', async (token) => {
    await started();
    server.asked[INTROSPECT] = 0;
    expect(await fate(verifier, token)).toBe('invalid_token');
    expect(server.times(INTROSPECT)).toBe(0);
  });

  it('follows one feed for both', async () => {
    await started({ feed: true });
    const login = { user_id: randomUUID(), tenant_id: randomUUID(), sid: randomUUID() };
    const jwt = signed(KEY, server.claims(login));
    server.tokens.set('lk_at_x', { active: true, token_kind: 'opaque', ...server.claims(login) });
    expect([await fate(verifier, jwt), await fate(verifier, 'lk_at_x')]).toEqual(['ok', 'ok']);
    server.tokens.clear();
    server.revoke({ kind: 'session', ...login });
    await until('both are refused', async () => {
      return (await fate(verifier, jwt)) === 'token_revoked' && (await fate(verifier, 'lk_at_x')) === 'invalid_token';
    });
    expect(server.readers).toBeLessThanOrEqual(1);
  });

  it('judges open connections by the feed, of this login alone and at once', async () => {
    await started({ feed: true });
    const login = { user_id: randomUUID(), tenant_id: randomUUID(), sid: randomUUID() };
    const jwt = signed(KEY, server.claims(login));
    const other = signed(KEY, server.claims({ ...login, sid: randomUUID() }));
    const judge = verifier.connectionJudge() as ConnectionJudge;
    const [auth, sibling] = [await verifier.verify(jwt, NOBODY), await verifier.verify(other, NOBODY)];
    expect([judge.judge(auth), judge.judge(sibling)]).toEqual(['valid', 'valid']);
    const told = new Promise((resolve) => judge.onChange(resolve));
    server.revoke({ kind: 'session', ...login });
    expect(await told).toMatchObject({ kind: 'session', userId: login.user_id });
    expect([judge.judge(auth), judge.judge(sibling)]).toEqual(['revoked', 'valid']);
  });

  it('has no judge of connections without a feed: they live until their token expires', async () => {
    await started();
    expect(verifier.connectionJudge()).toBeNull();
  });

  it('judges a JWT that the feed has ended before it was ever shown', async () => {
    const login = { user_id: randomUUID(), tenant_id: randomUUID(), sid: randomUUID() };
    server.revoke({ kind: 'session', ...login });
    await started({ feed: true });
    expect(await fate(verifier, signed(KEY, server.claims(login)))).toBe('token_revoked');
    expect(await fate(verifier, signed(KEY, server.claims({ ...login, sid: randomUUID() })))).toBe('ok');
  });

  it('serves no JWT before the feed was loaded once', async () => {
    server.behave(FEED, 'error');
    await started({ feed: true, onUnreachable: 'start' });
    const jwt = signed(KEY, server.claims());
    expect(await fate(verifier, jwt)).toBe('unavailable');
    server.behave(FEED, 'well');
    await until('it serves', async () => (await fate(verifier, jwt)) === 'ok');
    expect(answersAtOnce(verifier, jwt)).toBe(true);
  });

  it.each([JWKS, INTROSPECT, FEED])('does not start without %s', async (path) => {
    server.behave(path, 'error');
    await expect(started({ feed: true })).rejects.toThrow();
  });
});

describe('a resource server that shares a secret', () => {
  function make(options: Partial<SecretOptions> = {}): void {
    verifier = secret({ secret: SECRET, issuer: server.issuer, audience: server.audience, ...options })(
      verifierParts(),
    );
  }

  it('takes what was signed with it, and answers a warm token at once', async () => {
    make();
    const token = signedWithSecret(SECRET, server.claims());
    expect(await fate(verifier, token)).toBe('ok');
    expect(answersAtOnce(verifier, token)).toBe(true);
  });

  it('takes several while the secret is changed', async () => {
    make({ secret: ['another secret, thirty-two bytes or more', SECRET] });
    expect(await fate(verifier, signedWithSecret(SECRET, server.claims()))).toBe('ok');
    expect(await fate(verifier, signedWithSecret('x'.repeat(40), server.claims()))).toBe('invalid_token');
  });

  it.each<[string, () => string]>([
    ['another secret', () => signedWithSecret('x'.repeat(64), server.claims())],
    ['another hash in the header', () => signedWithSecret(SECRET, server.claims(), { alg: 'HS512' })],
    ['no algorithm', () => signedWithSecret(SECRET, server.claims(), { alg: 'none' })],
    ['a public key', () => signed(KEY, server.claims())],
    ['another issuer', () => signedWithSecret(SECRET, server.claims({ iss: 'x' }))],
    ['another audience', () => signedWithSecret(SECRET, server.claims({ aud: 'x' }))],
    ['the type of a refresh token', () => signedWithSecret(SECRET, server.claims(), { typ: 'rt+jwt' })],
  ])('refuses a token with %s', async (_, token) => {
    make();
    expect(await fate(verifier, token())).toBe('invalid_token');
  });

  it.each<[string, Partial<SecretOptions>]>([
    ['a short secret', { secret: 'x'.repeat(31) }],
    ['a secret shorter than its hash', { secret: 'x'.repeat(63), algorithm: 'HS512' }],
    ['one short secret among others', { secret: [SECRET, 'short'] }],
    ['no secret', { secret: [] }],
    ['no issuer', { issuer: '' }],
    ['no audience', { audience: '' }],
  ])('cannot be made with %s', (_, options) => {
    expect(() => make(options)).toThrow();
  });
});
