import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import {
  answersAtOnce,
  fate,
  proofOf,
  verifierParts,
  type MovableClock,
} from '../../../../test/support/downstream-parts';
import { IssuerServer, JWKS, METADATA, newKey, signed, signedWithSecret } from '../../../../test/support/issuer-server';
import { until } from '../../../../test/support/until';
import type { AuthHooks } from '../auth-hooks';
import { jwks, type JwksVerifier } from './jwks.verifier';
import type { JwksOptions } from './jwks-options';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const [KEY, OTHER] = [newKey('ES256', 'first'), newKey('ES256', 'second')];

let server: IssuerServer;
let clock: MovableClock;
let verifier: JwksVerifier;

beforeEach(async () => {
  server = new IssuerServer();
  server.keys = [KEY.jwk];
  await server.start();
});
afterEach(async () => {
  await verifier?.stop();
  await server.stop();
});

function make(options: Partial<JwksOptions> = {}, hooks: AuthHooks = {}): JwksVerifier {
  const parts = verifierParts(hooks);
  clock = parts.clock;
  verifier = jwks({ url: server.url, audience: server.audience, timeout: 2_000, ...options })(parts) as JwksVerifier;
  return verifier;
}

async function started(options: Partial<JwksOptions> = {}, hooks: AuthHooks = {}): Promise<JwksVerifier> {
  await make(options, hooks).start();
  return verifier;
}

const good = (difference: object = {}): string => signed(KEY, server.claims(difference));

describe('a resource server that verifies by published keys', () => {
  it('takes a token of the service and tells who it is', async () => {
    await started();
    const claims = server.claims({ email: 'ada@example.com', name: 'Ada', amr: ['pwd'] });
    const auth = await proofOf(verifier, signed(KEY, claims));
    expect(auth).toMatchObject({
      mode: 'stateless',
      sessionId: claims['sid'],
      principal: { kind: 'user', userId: claims['user_id'], tenantId: claims['tenant_id'], email: 'ada@example.com' },
      claims,
      amr: ['pwd'],
    });
    expect(auth.principal.roles).toEqual(['member']);
  });

  it.each(['RS256', 'ES256', 'EdDSA'] as const)('takes %s', async (alg) => {
    const key = newKey(alg);
    server.keys = [key.jwk];
    await started();
    expect(await fate(verifier, signed(key, server.claims()))).toBe('ok');
  });

  it('knows a client that acts for itself', async () => {
    await started();
    const id = randomUUID();
    const auth = await proofOf(verifier, good({ sub: id, client_id: id, user_id: undefined }));
    expect(auth.principal).toMatchObject({ kind: 'client', userId: id });
  });

  it('does not take a user for the client whose id is their name', async () => {
    await started();
    const id = randomUUID();
    const auth = await proofOf(verifier, good({ sub: id, client_id: id, user_id: randomUUID() }));
    expect(auth.principal.kind).toBe('user');
  });

  it('answers a warm token at once, without a request and with the same frozen proof', async () => {
    await started();
    const token = good({ roles: ['member'] });
    const first = await proofOf(verifier, token);
    const before = { ...server.asked };
    expect(answersAtOnce(verifier, token)).toBe(true);
    expect(await proofOf(verifier, token)).toBe(first);
    expect(server.asked).toEqual(before);
    expect(Object.isFrozen(first.claims?.['roles'])).toBe(true);
  });

  it.each<[string, object, string]>([
    ['another issuer', { iss: 'someone-else' }, 'invalid_token'],
    ['a list of issuers', { iss: ['the-issuer'] }, 'invalid_token'],
    ['another audience', { aud: 'another-api' }, 'invalid_token'],
    ['an expired one', { exp: 1_000_000 }, 'token_expired'],
    ['one that never ends', { exp: undefined }, 'invalid_token'],
    ['one from the future', { iat: 4_000_000_000 }, 'invalid_token'],
    ['one without a login', { sid: undefined }, 'invalid_token'],
    ['one without a tenant', { tenant_id: undefined }, 'invalid_token'],
    ['a tenant that is no id', { tenant_id: '../x' }, 'invalid_token'],
    ['one without a user', { user_id: undefined, sub: 'ada' }, 'invalid_token'],
    ['one without generations', { gen: undefined }, 'invalid_token'],
    ['generations that are none', { gen: ['0', 0, 0] }, 'invalid_token'],
  ])('refuses %s', async (_, difference, code) => {
    await started();
    expect(await fate(verifier, good(difference))).toBe(code);
  });

  it.each<[string, () => string]>([
    ['a key that was never published', () => signed(OTHER, server.claims())],
    ['a foreign key under a known name', () => signed({ ...OTHER, kid: KEY.kid }, server.claims())],
    ['the published key as a secret', () => signedWithSecret(pem(), server.claims(), { kid: KEY.kid })],
    ['no algorithm', () => signed(KEY, server.claims(), { alg: 'none' })],
    ['the type of a refresh token', () => signed(KEY, server.claims(), { typ: 'rt+jwt' })],
    ['the type of an ID token', () => signed(KEY, server.claims(), { typ: 'JWT' })],
    ['a key of its own in the header', () => signed(OTHER, server.claims(), { kid: KEY.kid, jwk: OTHER.jwk })],
    ['a session token', () => 'lk_at_abc'],
    ['rubbish', () => 'eyJ.eyJ.x'],
  ])('refuses a token with %s', async (_, token) => {
    await started();
    expect(await fate(verifier, token())).toBe('invalid_token');
  });

  it.each<[string, () => unknown]>([
    ['symmetric ones', () => ({ kty: 'oct', k: Buffer.alloc(64, 'k').toString('base64url'), kid: KEY.kid })],
    ['those for encryption', () => ({ ...KEY.jwk, use: 'enc' })],
    ['those of an algorithm that is not configured', () => ({ ...KEY.jwk, alg: 'ES512' })],
    ['those with their private half', () => ({ ...KEY.privateKey.export({ format: 'jwk' }), kid: KEY.kid })],
    ['weak ones', () => ({ ...weakRsa(), kid: KEY.kid })],
    ['what is no key', () => 'a key'],
  ])('leaves published keys alone that it must not use: %s', async (_, jwk) => {
    server.keys = [jwk(), OTHER.jwk];
    await started();
    expect(await fate(verifier, good())).toBe('invalid_token');
  });

  it('ties a key without an algorithm to the one that its kind allows', async () => {
    server.keys = [{ ...KEY.jwk, alg: undefined }];
    await started();
    expect(await fate(verifier, good())).toBe('ok');
    expect(await fate(verifier, signed(KEY, server.claims(), { alg: 'RS256' }))).toBe('invalid_token');
  });

  it('uses neither of two keys under one name', async () => {
    const third = newKey('ES256', 'third');
    server.keys = [KEY.jwk, { ...OTHER.jwk, kid: KEY.kid }, third.jwk];
    await started();
    expect(await fate(verifier, good())).toBe('invalid_token');
    expect(await fate(verifier, signed(third, server.claims()))).toBe('ok');
  });

  it('takes only the algorithms it was told', async () => {
    const told = newKey('EdDSA', 'told');
    server.keys = [KEY.jwk, told.jwk];
    await started({ algorithms: ['EdDSA'] });
    expect(await fate(verifier, good())).toBe('invalid_token');
    expect(await fate(verifier, signed(told, server.claims()))).toBe('ok');
  });

  it.each<[string, Partial<JwksOptions>]>([
    ['no audience', { audience: undefined }],
    ['no algorithm', { algorithms: [] }],
    ['a symmetric algorithm', { algorithms: ['HS256'] }],
    ['plain http to another machine', { url: 'http://auth.example.com' }],
    ['credentials in the address', { url: 'https://a:b@auth.example.com' }],
    ['no address', { url: 'auth.example.com' }],
    ['no issuer at all', { url: undefined }],
    ['a feed without a client', { feed: true }],
    ['a leeway of an hour', { leeway: HOUR }],
  ])('cannot be made with %s', (_, options) => {
    expect(() => make(options)).toThrow();
  });

  it('speaks plain http to another machine when told to', () => {
    expect(() => make({ url: 'http://auth.internal', allowHttp: true })).not.toThrow();
  });
});

describe('keys that change', () => {
  it('are found at the first token that names them', async () => {
    await started();
    server.keys = [KEY.jwk, OTHER.jwk];
    expect(await fate(verifier, signed(OTHER, server.claims()))).toBe('ok');
  });

  it('are looked for once a minute at most, whatever is sent', async () => {
    await started();
    const made = (): string => signed({ ...OTHER, kid: randomUUID() }, server.claims());
    for (let i = 0; i < 20; i++) expect(await fate(verifier, made())).toBe('invalid_token');
    expect(server.times(JWKS)).toBe(2);
    clock.advance(MINUTE + 1);
    await Promise.all(Array.from({ length: 20 }, async () => fate(verifier, made())));
    expect(server.times(JWKS)).toBe(3);
  });

  it('are read again after an hour, while the known ones serve', async () => {
    await started();
    clock.advance(HOUR + 1);
    expect(await fate(verifier, good({ exp: 4_000_000_000 }))).toBe('ok');
    await until('the keys are read again', () => server.times(JWKS) === 2);
  });

  it('are trusted no more once they are withdrawn, not even by tokens that were proven before', async () => {
    await started();
    const token = good({ exp: 4_000_000_000 });
    expect(await fate(verifier, token)).toBe('ok');
    server.keys = [OTHER.jwk];
    expect(await fate(verifier, signed(OTHER, server.claims()))).toBe('ok');
    clock.advance(MINUTE + 1);
    expect(await fate(verifier, token)).toBe('invalid_token');
  });

  it('cannot be told from unknown ones while the issuer is away: 503, never 401', async () => {
    await started();
    server.behave(JWKS, 'error');
    expect(await fate(verifier, signed(OTHER, server.claims()))).toBe('unavailable');
    expect(await fate(verifier, signed({ ...OTHER, kid: 'x' }, server.claims()))).toBe('unavailable');
    expect(server.times(JWKS)).toBe(2);
  });

  it('serve on while the issuer is away, for a day and no longer', async () => {
    await started();
    await server.stop();
    clock.advance(23 * HOUR);
    expect(await fate(verifier, good({ exp: 4_000_000_000 }))).toBe('ok');
    clock.advance(HOUR + 1);
    expect(await fate(verifier, good({ exp: 4_000_000_000 }))).toBe('unavailable');
  });

  it('are counted for metrics', async () => {
    const readings: unknown[] = [];
    await started({ issuer: 'the-issuer' }, { onJwksFetch: (ok, ms, issuer) => readings.push([ok, ms >= 0, issuer]) });
    server.behave(JWKS, 'garbage');
    await fate(verifier, signed(OTHER, server.claims()));
    expect(readings).toEqual([
      [true, true, 'the-issuer'],
      [false, true, 'the-issuer'],
    ]);
  });
});

describe('an issuer that publishes no key', () => {
  it.each<[string, () => object[]]>([
    ['at all', () => []],
    ['of these algorithms', () => [{ ...newKey('EdDSA', 'e').jwk }]],
  ])('%s stops the start: it signs with a secret', async (_, keys) => {
    server.keys = keys() as never;
    await expect(started({ algorithms: ['RS256'] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('publishes no key for RS256') as string },
    });
  });

  it('any more is no reason to call a token bad: 503', async () => {
    let readings = 0;
    await started({}, { onJwksFetch: () => (readings += 1) });
    server.keys = [];
    clock.advance(HOUR + 1);
    await fate(verifier, good({ exp: 4_000_000_000 }));
    await until('the keys are read again', () => readings === 2);
    clock.advance(MINUTE + 1);
    expect(await fate(verifier, good({ exp: 4_000_000_000 }))).toBe('unavailable');
  });
});

describe('an issuer that cannot be reached', () => {
  it.each(['error', 'hang', 'garbage', 'redirect', 'huge', 'forbidden'] as const)(
    'stops the start: %s',
    async (manner) => {
      server.behave(JWKS, manner);
      await expect(started()).rejects.toThrow('cannot be reached');
    },
  );

  it('stops the start when its name cannot be learned', async () => {
    server.behave(METADATA, 'error');
    await expect(started()).rejects.toThrow('cannot be reached');
  });

  it('is not asked for its name when that is configured', async () => {
    server.behave(METADATA, 'error');
    await started({ issuer: server.issuer });
    expect(await fate(verifier, good())).toBe('ok');
    expect(server.times(METADATA)).toBe(0);
  });

  it('makes every token a 503 until it can be reached, when the start goes on without it', async () => {
    server.behave(JWKS, 'error');
    server.behave(METADATA, 'error');
    await started({ onUnreachable: 'start' });
    expect(await fate(verifier, good())).toBe('unavailable');
    server.behave(METADATA, 'well');
    expect(await fate(verifier, good())).toBe('unavailable');
    server.behave(JWKS, 'well');
    clock.advance(1_001);
    expect(await fate(verifier, good())).toBe('ok');
  });
});

function pem(): string {
  return createPublicKey(KEY.privateKey).export({ type: 'spki', format: 'pem' }).toString();
}

function weakRsa(): object {
  return generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
}
