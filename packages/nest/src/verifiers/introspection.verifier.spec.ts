import { randomUUID } from 'node:crypto';
import {
  answersAtOnce,
  fate,
  proofOf,
  verifierParts,
  type MovableClock,
} from '../../../../test/support/downstream-parts';
import { CLIENT, FEED, INTROSPECT, IssuerServer } from '../../../../test/support/issuer-server';
import { timeLimit } from '../../../../test/support/time-limit';
import { until } from '../../../../test/support/until';
import type { AuthErrorCode } from '../auth-error';
import type { IntrospectionOptions } from './introspection-options';
import { introspection, type IntrospectionVerifier } from './introspection.verifier';

let server: IssuerServer;
let clock: MovableClock;
let verifier: IntrospectionVerifier;

beforeEach(async () => {
  server = new IssuerServer();
  await server.start();
});
afterEach(async () => {
  await verifier?.stop();
  await server.stop();
});

function make(options: Partial<IntrospectionOptions> = {}): IntrospectionVerifier {
  const parts = verifierParts();
  clock = parts.clock;
  verifier = introspection({ url: server.url, client: CLIENT, timeout: 2_000, ...options })(
    parts,
  ) as IntrospectionVerifier;
  return verifier;
}

async function started(options: Partial<IntrospectionOptions> = {}): Promise<IntrospectionVerifier> {
  await make(options).start();
  server.asked[INTROSPECT] = 0;
  return verifier;
}

/** A token that the service knows. */
function known(difference: object = {}, token = `lk_at_${randomUUID()}`): string {
  server.tokens.set(token, { active: true, token_type: 'Bearer', token_kind: 'opaque', ...server.claims(difference) });
  return token;
}

describe('a resource server that asks about tokens', () => {
  it('learns who it is', async () => {
    await started();
    const token = known({ email: 'ada@example.com', roles: ['admin'], sid: '8f0c1c88-0000-4000-8000-000000000000' });
    const auth = await proofOf(verifier, token);
    expect(auth).toMatchObject({
      mode: 'stateful',
      principal: { email: 'ada@example.com', roles: ['admin'] },
      session: { id: '8f0c1c88-0000-4000-8000-000000000000' },
    });
    expect(auth.claims).toBeUndefined();
  });

  it('asks about JWTs just the same', async () => {
    await started();
    const auth = await proofOf(verifier, known({ token_kind: 'jwt' }, 'eyJ.a.b'));
    expect(auth).toMatchObject({ mode: 'stateless', claims: { iss: server.issuer } });
    expect(auth.session).toBeUndefined();
  });

  it.each<[string, object, AuthErrorCode]>([
    ['an inactive token', { active: false }, 'invalid_token'],
    ['one for another audience', { aud: 'another-api' }, 'invalid_token'],
    ['one that is over', { exp: 1_000_000 }, 'token_expired'],
    ['one without an end', { exp: undefined }, 'invalid_token'],
    ['one of no tenant', { tenant_id: undefined }, 'invalid_token'],
    ['an answer that says neither', { active: 'true' }, 'unavailable'],
  ])('refuses %s', async (_, difference, code) => {
    await started({ audience: server.audience });
    expect(await fate(verifier, known(difference))).toBe(code);
  });

  it.each(['error', 'hang', 'garbage', 'redirect', 'huge', 'forbidden'] as const)(
    'answers 503 and never 401 when it cannot ask: %s',
    async (manner) => {
      await started();
      server.behave(INTROSPECT, manner);
      expect(await fate(verifier, known())).toBe('unavailable');
    },
  );

  it('believes a good answer for five seconds, at once and without asking', async () => {
    await started();
    const token = known();
    await fate(verifier, token);
    clock.advance(4_900);
    expect(answersAtOnce(verifier, token)).toBe(true);
    expect(server.times(INTROSPECT)).toBe(1);
    server.tokens.delete(token);
    clock.advance(200);
    expect(await fate(verifier, token)).toBe('invalid_token');
  });

  it('believes no answer beyond the life of the token', async () => {
    await started();
    const token = known({ exp: Math.floor(Date.now() / 1000) + 2 });
    expect(await fate(verifier, token)).toBe('ok');
    clock.advance(2_100);
    expect(await fate(verifier, token)).toBe('token_expired');
    expect(server.times(INTROSPECT)).toBe(1);
  });

  it('does not remember bad answers', async () => {
    await started();
    const token = `lk_at_${randomUUID()}`;
    expect(await fate(verifier, token)).toBe('invalid_token');
    known({}, token);
    expect(await fate(verifier, token)).toBe('ok');
  });

  it('asks every time when told to', async () => {
    await started({ cacheFor: 0 });
    const token = known();
    await fate(verifier, token);
    await fate(verifier, token);
    expect(server.times(INTROSPECT)).toBe(2);
  });

  it('asks once for a hundred requests with one token', async () => {
    await started();
    const token = known();
    const fates = await Promise.all(Array.from({ length: 100 }, () => fate(verifier, token)));
    expect(new Set(fates)).toEqual(new Set(['ok']));
    expect(server.times(INTROSPECT)).toBe(1);
  });

  it('has so many questions on the wire and no more; who waits too long is told to come back', async () => {
    await started({ maxConcurrent: 4, timeout: 400 });
    const release = server.hold();
    const fates = Array.from({ length: 20 }, () => fate(verifier, known()));
    await until('questions are on the wire', () => server.times(INTROSPECT) === 4);
    expect(new Set(await Promise.all(fates))).toEqual(new Set(['unavailable']));
    expect(server.times(INTROSPECT)).toBeLessThan(9);
    release();
    expect(await fate(verifier, known())).toBe('ok');
  });

  it('refuses beyond a bounded queue', async () => {
    await started({ maxConcurrent: 1 });
    const release = server.hold();
    const fates = Array.from({ length: 1_010 }, () => fate(verifier, known()));
    expect(await Promise.race(fates.slice(-1))).toBe('overloaded');
    release();
    await Promise.all(fates);
  });
});

describe('a start without the service', () => {
  it.each(['error', 'hang', 'garbage', 'forbidden'] as const)('is refused: %s', async (manner) => {
    server.behave(INTROSPECT, manner);
    await expect(started()).rejects.toThrow('cannot be asked');
  });

  it('is refused with wrong credentials', async () => {
    await expect(started({ client: { ...CLIENT, secret: 'wrong' } })).rejects.toThrow('cannot be asked');
  });

  it('goes on when told to, with 503 until the service is there', async () => {
    server.behave(INTROSPECT, 'error');
    await started({ onUnreachable: 'start' });
    expect(await fate(verifier, known())).toBe('unavailable');
    server.behave(INTROSPECT, 'well');
    expect(await fate(verifier, known())).toBe('ok');
  });

  it.each<[string, Partial<IntrospectionOptions>]>([
    ['no address', { url: undefined }],
    ['plain http to another machine', { url: 'http://auth.example.com' }],
    ['a query in the address', { url: 'https://auth.example.com/?a=b' }],
    ['a feed of an unknown service', { url: undefined, endpoint: 'https://auth.example.com/introspect', feed: true }],
  ])('cannot be made with %s', (_, options) => {
    expect(() => make(options)).toThrow();
  });
});

describe('introspection with the revocation feed', () => {
  const person = { user_id: randomUUID(), tenant_id: randomUUID(), sid: randomUUID() };
  const end = (difference: object = {}): void => server.revoke({ kind: 'session', ...person, ...difference });

  it('believes a good answer for thirty seconds', async () => {
    await started({ feed: true });
    const token = known(person);
    await fate(verifier, token);
    clock.advance(29_000);
    await until('the feed is fresh again', () => answersAtOnce(verifier, token));
    expect(server.times(INTROSPECT)).toBeLessThanOrEqual(2);
  });

  it('forgets it at once when the login is ended, and says so', async () => {
    await started({ feed: true });
    const token = known(person);
    expect(await fate(verifier, token)).toBe('ok');
    end();
    await until('it is refused', async () => (await fate(verifier, token)) === 'token_revoked', {
      within: timeLimit(2_000),
    });
    server.tokens.delete(token);
    expect(await fate(verifier, token)).toBe('invalid_token');
  });

  it('is not talked out of it by a process of the service that does not know yet', async () => {
    await started({ feed: true });
    const token = known(person);
    const neighbour = known({ ...person, sid: randomUUID() });
    await fate(verifier, token);
    end();
    await until('it is refused', async () => (await fate(verifier, token)) === 'token_revoked', {
      within: timeLimit(2_000),
    });
    const asked = server.times(INTROSPECT);
    expect(await fate(verifier, token)).toBe('token_revoked');
    expect(server.times(INTROSPECT)).toBe(asked + 1);
    expect(await fate(verifier, neighbour)).toBe('ok');
  });

  it('goes on without the feed, asking more often', async () => {
    await started({ feed: true });
    const token = known(person);
    await fate(verifier, token);
    server.heartbeats = false;
    server.behave(FEED, 'error');
    clock.advance(6_000);
    expect(await fate(verifier, token)).toBe('ok');
    expect(server.times(INTROSPECT)).toBe(2);
  });
});

describe('another server that is asked', () => {
  it('is read by a claim mapping', async () => {
    const token = 'opaque-token';
    const answer = { sub: 'u-1', org: 'acme', realm_access: { roles: ['boss'] }, exp: 4_000_000_000 };
    server.tokens.set(token, { active: true, ...answer });
    const claims = { tenant: 'org', roles: ['realm_access.roles'] };
    await started({ url: undefined, endpoint: `${server.url}/oauth/introspect`, claims });
    const { principal } = await proofOf(verifier, token);
    expect(principal).toMatchObject({ userId: 'u-1', tenantId: 'acme', roles: ['boss'] });
  });
});
