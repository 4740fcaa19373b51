import { randomUUID } from 'node:crypto';
import { verifierParts, type MovableClock } from '../../../../test/support/downstream-parts';
import { CLIENT, FEED, IssuerServer, STREAM } from '../../../../test/support/issuer-server';
import { timeLimit } from '../../../../test/support/time-limit';
import { until } from '../../../../test/support/until';
import { type AuthError } from '../auth-error';
import type { FeedOptions } from './feed-options';
import { RevocationFeedClient } from './revocation-feed.client';

const A = { tenantId: randomUUID(), userId: randomUUID() };
const NOTHING = { global: 0, tenant: 0, user: 0 };

let server: IssuerServer;
let feed: RevocationFeedClient;
let clock: MovableClock;
const changes: boolean[] = [];

beforeEach(async () => {
  changes.length = 0;
  server = new IssuerServer();
  await server.start();
});
afterEach(async () => {
  await feed.stop();
  await server.stop();
});

function make(options: FeedOptions = {}): RevocationFeedClient {
  const parts = verifierParts({ onFeedChange: (fresh) => changes.push(fresh) });
  clock = parts.clock;
  feed = new RevocationFeedClient({ url: server.url, client: CLIENT, timeout: 2_000, ...options }, parts);
  return feed;
}

const end = (sessionId: string): void =>
  server.revoke({ kind: 'session', tenant_id: A.tenantId, user_id: A.userId, sid: sessionId });
const verdict = (sessionId: string): string => feed.mirror.verdict({ ...A, sessionId, generations: NOTHING });
const knows = (sessionId: string, options?: { within: number }): Promise<void> =>
  until('the revocation is known', () => verdict(sessionId) === 'revoked', options);
const streaming = (): Promise<void> => until('the stream is read', () => server.readers === 1);

function trust(): string {
  try {
    feed.requireTrustworthy();
    return 'trusted';
  } catch (error) {
    return (error as AuthError).code;
  }
}

describe('a reader of the revocation feed', () => {
  it('knows what was ended before it came', async () => {
    end('s1');
    await make().start();
    expect(verdict('s1')).toBe('revoked');
    expect(verdict('s2')).toBe('valid');
  });

  it('reads every page of a long feed', async () => {
    server.pageSize = 3;
    for (let i = 0; i < 10; i++) end(`s${i}`);
    await make().start();
    expect(verdict('s0')).toBe('revoked');
    expect(verdict('s9')).toBe('revoked');
  });

  it('is told by the stream at once, without asking', async () => {
    await make().start();
    await streaming();
    await until('the stream is believed', () => server.times(FEED) >= 2);
    await until('events are read', () => (feed.age() ?? 9_999) < 300);
    const asked = server.times(FEED);
    end('s1');
    await knows('s1', { within: timeLimit(500) });
    expect(server.times(FEED)).toBe(asked);
  });

  it('understands every kind of revocation', async () => {
    await make().start();
    server.revoke({ kind: 'user', tenant_id: A.tenantId, user_id: A.userId, generation: 2, except_sid: 'kept' });
    server.revoke({ kind: 'tenant', tenant_id: 'b', generation: 1 });
    await knows('s1');
    expect(verdict('kept')).toBe('valid');
    const other = { userId: 'x', sessionId: 's', generations: NOTHING };
    await until('the tenant is known', () => feed.mirror.verdict({ ...other, tenantId: 'b' }) === 'revoked');
    server.revoke({ kind: 'user', tenant_id: 'c', user_id: 'x', generation: 1, ends_login: false });
    await until('the renewal is known', () => feed.mirror.verdict({ ...other, tenantId: 'c' }) === 'renew');
    server.revoke({ kind: 'global', generation: 1 });
    await knows('kept');
  });

  it('goes on where it was when its stream is cut', async () => {
    await make().start();
    await streaming();
    server.cutStreams();
    end('s1');
    await knows('s1', { within: timeLimit(2_500) });
    await streaming();
  });

  it.each(['refuse', 'buffer'] as const)('polls every second where streams do not pass: %s', async (streams) => {
    server.streams = streams;
    await make().start();
    for (const session of ['s1', 's2']) {
      end(session);
      await knows(session, { within: timeLimit(2_000) });
    }
    expect(feed.isFresh()).toBe(true);
  });

  it('starts anew when the service does not know its cursor', async () => {
    server.streams = 'refuse';
    for (let i = 0; i < 3; i++) end(`s${i}`);
    await make().start();
    await server.stop();
    const restored = new IssuerServer();
    restored.streams = 'refuse';
    Object.assign(restored, { port: Number(new URL(server.url).port) });
    server = restored;
    await server.start();
    end('new');
    await knows('new', { within: timeLimit(4_000) });
  });

  it('is not fresh while the service sends no heartbeat and answers no poll', async () => {
    await make().start();
    await streaming();
    server.heartbeats = false;
    server.behave(FEED, 'error');
    clock.advance(3_500);
    expect(feed.isFresh()).toBe(false);
    await until('the loss is told', () => changes.at(-1) === false);
    server.behave(FEED, 'well');
    server.heartbeats = true;
    await until('the feed is back', () => changes.at(-1) === true);
  });
});

describe('a feed that is lost', () => {
  const lose = async (): Promise<void> => {
    await feed.start();
    await server.stop();
  };

  it('is believed for thirty seconds by default', async () => {
    make();
    await lose();
    clock.advance(29_000);
    expect(trust()).toBe('trusted');
    clock.advance(2_000);
    expect(trust()).toBe('unavailable');
  });

  it('is believed as long as configured', async () => {
    make({ maxStaleness: 10_000 });
    await lose();
    clock.advance(9_000);
    expect(trust()).toBe('trusted');
    clock.advance(2_000);
    expect(trust()).toBe('unavailable');
  });

  it('is not believed at all where that was chosen, once the loss is known', async () => {
    make({ onLoss: 'fail_closed' });
    await lose();
    expect(trust()).toBe('trusted');
    clock.advance(3_500);
    expect(trust()).toBe('unavailable');
  });

  it('recovers by itself, and knows what was ended meanwhile', async () => {
    make();
    await lose();
    await server.start();
    end('s1');
    await knows('s1', { within: timeLimit(5_000) });
  });
});

describe('a feed that was never loaded', () => {
  it.each(['error', 'hang', 'garbage', 'redirect', 'huge', 'forbidden'] as const)(
    'is not believed: %s',
    async (manner) => {
      server.behave(FEED, manner);
      server.behave(STREAM, 'error');
      await expect(make().start()).rejects.toThrow();
      expect(trust()).toBe('unavailable');
    },
  );

  it.each<[string, object]>([
    ['an unknown kind', { kind: 'everything' }],
    ['a session of nobody', { kind: 'session', sid: 's' }],
    ['a mark without a generation', { kind: 'global', generation: null }],
    ['a time that is none', { kind: 'global', generation: 1, expires_at: 'soon' }],
  ])('is not believed with %s in it: skipping it would keep a login alive', async (_, entry) => {
    server.revoke({ ...entry });
    await expect(make().start()).rejects.toThrow('something else');
    expect(trust()).toBe('unavailable');
  });

  it('is not believed by heartbeats alone', async () => {
    server.behave(FEED, 'error');
    await make()
      .start()
      .catch(() => undefined);
    await until('the stream was tried', () => server.times(STREAM) >= 1);
    await until('polls went on', () => server.times(FEED) >= 3);
    expect(feed.age()).toBeNull();
  });

  it('is loaded once it can be, after a start that went on without it', async () => {
    server.behave(FEED, 'error');
    await make()
      .start()
      .catch(() => undefined);
    server.behave(FEED, 'well');
    await until('it is loaded', () => trust() === 'trusted');
  });
});
