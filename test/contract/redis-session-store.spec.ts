import { RevocationMirror, type Revocation } from '@latchkey/nest';
import { randomBytes, randomUUID } from 'node:crypto';
import { Clock } from '../../src/common/clock';
import { EventLog } from '../../src/common/event-log';
import { createLogger } from '../../src/common/logger';
import { RootKeys } from '../../src/keys/root-keys';
import { PostgresPush } from '../../src/revocation/postgres-push';
import { RevocationFeed } from '../../src/revocation/revocation-feed';
import { RevocationStore } from '../../src/revocation/revocation.store';
import { RedisSessionStore } from '../../src/strategy/redis-session.store';
import { SessionCopies } from '../../src/strategy/session-copies';
import type { AccessRecord, NewSession, SessionOwner } from '../../src/strategy/session.store';
import { percentile } from '../support/figures';
import { openRedis } from '../support/redis-context';
import { startRedis, startRedisCluster, type RedisServer } from '../support/redis-server';
import { quickestOf, timeLimit } from '../support/time-limit';
import { until } from '../support/until';
import { openPostgresStore, type PostgresStore } from './postgres-store';
import { sessionStoreContract } from './session-store.contract';
import { HOUR, SECOND, sessionOf, START, successor } from './sessions';

const MAX_STALENESS = 30 * SECOND;
const SETTINGS = { redis: { prefix: 'test' }, auth: { session: { cache: { maxStaleness: MAX_STALENESS } } } };

/** Stands at the start of the sessions in use, and goes on when told. Both hands together, as time does. */
class HeldClock extends Clock {
  passed = 0;
  override now(): number {
    return START + this.passed;
  }
}

/** One process: its own connection to Redis, its own feed and mirror, and the shared database. */
async function openProcess({ context, store: rows }: PostgresStore, url: string, secret = 'x'.repeat(32)) {
  const clock = new HeldClock();
  const mirror = new RevocationMirror();
  const revocations = new RevocationStore(context.background);
  const events = new EventLog(createLogger('silent'));
  const push = new PostgresPush(revocations, context.openFeedConnection);
  const feed = new RevocationFeed(revocations, mirror, new Clock(), events, push);
  await feed.onApplicationBootstrap();
  const { redis } = await openRedis(url, new Clock());
  const copies = new SessionCopies(SETTINGS, redis, new RootKeys(secret), clock);
  const store = new RedisSessionStore(rows, copies, feed, mirror);
  const close = async (): Promise<void> => {
    redis.onApplicationShutdown();
    await feed.onApplicationShutdown();
  };
  return { clock, mirror, feed, redis, copies, store, close };
}

type Process = Awaited<ReturnType<typeof openProcess>>;

const SERVERS = { Redis: startRedis, 'a Redis cluster': startRedisCluster } as const;

for (const [name, start] of Object.entries(SERVERS)) {
  sessionStoreContract(`PostgreSQL read through ${name}`, async () => {
    const [postgres, server] = await Promise.all([openPostgresStore(), start()]);
    const { store, close } = await openProcess(postgres, server.url);
    return {
      ...postgres,
      store,
      close: async () => {
        await close();
        await Promise.all([postgres.close(), server.stop()]);
      },
    };
  });
}

describe('copies of sessions in Redis', () => {
  let postgres: PostgresStore;
  let server: RedisServer;
  let here: Process;
  let there: Process;
  let owner: SessionOwner;

  beforeAll(async () => {
    [postgres, server] = await Promise.all([openPostgresStore(), startRedis()]);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([postgres.close(), server.stop()]);
  }, 30_000);

  beforeEach(async () => {
    await server.flush();
    [here, there] = await Promise.all([openProcess(postgres, server.url), openProcess(postgres, server.url)]);
    owner = await postgres.owner();
  });

  afterEach(async () => {
    server.thaw();
    await Promise.all([here.close(), there.close()]);
  });

  /** How often rows were read while `work` ran. */
  async function reads<T>(work: () => Promise<T>): Promise<{ result: T; reads: number }> {
    const read = jest.spyOn(postgres.store, 'findForAccess');
    try {
      const result = await work();
      return { result, reads: read.mock.calls.length };
    } finally {
      read.mockRestore();
    }
  }

  /** A login whose copy is in Redis. */
  async function copied(difference: Partial<NewSession> = {}): Promise<NewSession> {
    const row = sessionOf(owner, difference);
    await here.store.create(row);
    await here.store.findForAccess(row.id);
    await until('the copy is there', async () => (await here.copies.find(row.id)) !== null);
    return row;
  }

  const nameOf = (id: string): string => `test:session:${id}`;
  const hashed = (hash: Buffer | null) => (copy: AccessRecord) =>
    hash !== null && copy.accessHash?.equals(hash) === true;
  const revocationOf = (target: Revocation['target'], generation: number | null): Revocation => ({
    target,
    generation,
    endsLogin: true,
    reason: 'logout',
    accessExpiresAt: Date.now() + HOUR,
  });

  it('save every other process a read, and say what the row says', async () => {
    const { id } = await copied();
    const seen = await reads(() => there.store.findForAccess(id));
    expect(seen.reads).toBe(0);
    const row = await postgres.store.findForAccess(id);
    expect(seen.result).toEqual({ ...row, readAt: START });
  });

  it('hold no token, and nothing that could be read without the root secret', async () => {
    const { id } = await copied({ userAgent: 'a telling browser' });
    const everything = await server.command('GET', nameOf(id));
    for (const secret of [owner.userId, owner.tenantId, 'telling', 'readAt']) expect(everything).not.toContain(secret);
  });

  it('are gone when their time is over, in Redis too', async () => {
    const long = await copied();
    const short = await copied({ expiresAt: new Date(START + SECOND) });
    expect(Number(await server.command('PTTL', nameOf(long.id)))).toBeLessThanOrEqual(MAX_STALENESS);
    expect(Number(await server.command('PTTL', nameOf(short.id)))).toBeLessThanOrEqual(SECOND);
  });

  it.each([
    ['as old as they may become', MAX_STALENESS],
    ['from the future, because another clock is ahead', -1],
  ])('are not used %s', async (_, passed) => {
    const { id } = await copied();
    there.clock.passed = passed;
    expect((await reads(() => there.store.findForAccess(id))).reads).toBe(1);
  });

  it('are used as long as they may be', async () => {
    const { id } = await copied();
    there.clock.passed = MAX_STALENESS - 1;
    expect((await reads(() => there.store.findForAccess(id))).reads).toBe(0);
  });

  it('are not used once the login has ended, whatever Redis says', async () => {
    const { id } = await copied({ expiresAt: new Date(START + SECOND) });
    await server.command('PERSIST', nameOf(id));
    there.clock.passed = SECOND;
    expect((await reads(() => there.store.findForAccess(id))).reads).toBe(1);
  });

  it('never say no: a token that is not in the copy is looked up in the row', async () => {
    const row = await copied();
    const next = successor(row);
    // The change is made where nobody tells Redis.
    await postgres.store.carryOn(next);
    const seen = await reads(() => there.store.findForAccess(row.id, hashed(next.grant.accessHash)));
    expect([seen.reads, seen.result!.accessHash]).toEqual([1, next.grant.accessHash]);
    expect(await server.command('GET', nameOf(row.id))).toBe('-');
  });

  it('are not driven out by wrong secrets', async () => {
    const { id, grant } = await copied();
    for (let i = 0; i < 3; i++) await there.store.findForAccess(id, hashed(randomBytes(32)));
    expect((await reads(() => there.store.findForAccess(id, hashed(grant.accessHash)))).reads).toBe(0);
  });

  it.each([
    ['one login', (row: NewSession) => revocationOf({ kind: 'session', ...owner, sessionId: row.id }, null)],
    ['a user', () => revocationOf({ kind: 'user', ...owner }, 1)],
    ['a tenant', () => revocationOf({ kind: 'tenant', tenantId: owner.tenantId }, 1)],
    ['everyone', () => revocationOf({ kind: 'global' }, 1)],
  ])('are not believed once the end of %s is known', async (_, made) => {
    const row = await copied();
    there.mirror.apply(made(row));
    expect((await reads(() => there.store.findForAccess(row.id))).reads).toBe(1);
  });

  it('are not asked while the feed is not fresh', async () => {
    const { id } = await copied();
    await there.feed.onApplicationShutdown();
    const before = Number(/cmdstat_get:calls=(\d+)/.exec(await server.command('INFO', 'commandstats'))?.[1]);
    await until('the feed is not fresh', () => !there.feed.isFresh());
    expect((await reads(() => there.store.findForAccess(id))).reads).toBe(1);
    expect(await server.command('INFO', 'commandstats')).toContain(`cmdstat_get:calls=${before},`);
  });

  it('cannot be put back by a reader that the change has overtaken', async () => {
    const row = sessionOf(owner);
    await here.store.create(row);
    const reading = there.copies.reading();
    const old = (await postgres.store.findForAccess(row.id)) as AccessRecord;
    const next = successor(row);
    await here.store.carryOn(next);
    await until('the mark is there', async () => (await server.command('GET', nameOf(row.id))) === '-');
    there.copies.keep(old, reading);
    expect(await there.copies.find(row.id)).toBeNull();
    expect((await there.store.findForAccess(row.id))!.accessHash).toEqual(next.grant.accessHash);
  });

  it('put back after a mark was lost say yes to the old token no longer than memory would, and not no to the new one', async () => {
    const row = await copied();
    const old = await here.copies.find(row.id);
    const next = successor(row);
    await here.store.carryOn(next);
    await server.flush();
    there.copies.keep(old!, { readAt: START, begun: performance.now() });
    expect((await there.copies.find(row.id))!.accessHash).toEqual(row.grant.accessHash);
    const fresh = await there.store.findForAccess(row.id, hashed(next.grant.accessHash));
    expect(fresh!.accessHash).toEqual(next.grant.accessHash);
    await server.flush();
    there.copies.keep(old!, { readAt: START, begun: performance.now() });
    there.clock.passed = MAX_STALENESS;
    const later = await there.store.findForAccess(row.id, hashed(row.grant.accessHash));
    expect(later!.previousAccessHash).toEqual(row.grant.accessHash);
    expect(later!.readAt).toBeUndefined();
  });

  it('agree with the row after any number of readers and refreshes at the same time', async () => {
    const row = sessionOf(owner);
    await here.store.create(row);
    let last: NewSession = row;
    let refreshing = true;
    const reader = async (process: Process): Promise<void> => {
      while (refreshing) {
        const { grant } = last;
        const found = await process.store.findForAccess(row.id, hashed(grant.accessHash));
        const known = [found!.accessHash, found!.previousAccessHash].some((hash) => hash?.equals(grant.accessHash!));
        expect(known || grant !== last.grant).toBe(true);
      }
    };
    const readers = [here, there, here, there].map(reader);
    for (let i = 0; i < 50; i++) {
      const next = successor(last);
      await (i % 2 ? here : there).store.carryOn(next);
      last = next;
    }
    refreshing = false;
    await Promise.all(readers);
    const answers = await Promise.all([here, there].map(({ store }) => store.findForAccess(row.id)));
    for (const answer of answers) expect(answer!.accessHash).toEqual(last.grant.accessHash);
  });

  it('are not made of a row that took long to be read: the mark of its change may be gone', async () => {
    const row = sessionOf(owner);
    await here.store.create(row);
    const record = (await postgres.store.findForAccess(row.id)) as AccessRecord;
    here.copies.keep(record, { readAt: START, begun: performance.now() - 4_001 });
    expect(await server.command('EXISTS', nameOf(row.id))).toBe('0');
  });

  it('are never made of a row that is revoked, or of nothing', async () => {
    const row = sessionOf(owner);
    await here.store.create(row);
    await postgres.transaction((tx) =>
      postgres.store.revoke(tx, { ...owner, id: row.id, reason: 'logout', now: new Date(START) }),
    );
    for (const id of [row.id, randomUUID()]) {
      await here.store.findForAccess(id);
      await here.store.findForAccess(id);
      expect(await server.command('EXISTS', nameOf(id))).toBe('0');
    }
  });

  it('stay bound to their login: the copy of another one is none', async () => {
    const [mine, theirs] = [await copied(), await copied()];
    await server.command('COPY', nameOf(theirs.id), nameOf(mine.id), 'REPLACE');
    const seen = await reads(() => there.store.findForAccess(mine.id));
    expect([seen.reads, seen.result!.session.id]).toEqual([1, mine.id]);
  });

  it.each([
    ['nothing', ''],
    ['text', 'not a copy'],
    ['what looks like a record', JSON.stringify({ revoked: false, session: {}, principal: {} })],
    ['much', 'x'.repeat(100_000)],
  ])('that are forged, of %s, are none', async (_, forged) => {
    const row = await copied();
    await server.command('SET', nameOf(row.id), forged);
    const seen = await reads(() => there.store.findForAccess(row.id));
    expect([seen.reads, seen.result!.accessHash]).toEqual([1, row.grant.accessHash]);
  });

  it('that are of another kind in Redis are none', async () => {
    const row = await copied();
    await server.command('DEL', nameOf(row.id));
    await server.command('LPUSH', nameOf(row.id), 'x');
    expect((await reads(() => there.store.findForAccess(row.id))).reads).toBe(1);
    expect(there.redis.isUp).toBe(true);
  });

  it('that another root secret has sealed are none', async () => {
    const { id } = await copied();
    const stranger = await openProcess(postgres, server.url, 'y'.repeat(32));
    expect((await reads(() => stranger.store.findForAccess(id))).reads).toBe(1);
    await stranger.close();
  });

  it('that were flushed are read again from the row', async () => {
    const { id } = await copied();
    await server.flush();
    expect((await reads(() => there.store.findForAccess(id))).reads).toBe(1);
    await until('there is a copy again', async () => (await here.copies.find(id)) !== null);
  });

  it('that cannot be read in time are done without, and soon not waited for', async () => {
    const { id } = await copied();
    server.freeze();
    const waits: number[] = [];
    const seen = await reads(async () => {
      for (let i = 0; i < 20; i++) {
        const begun = performance.now();
        await there.store.findForAccess(id);
        waits.push(performance.now() - begun);
      }
    });
    expect(seen.reads).toBe(20);
    expect(waits[0]).toBeLessThan(timeLimit(500));
    expect(percentile(waits.slice(1), 0.5)).toBeLessThan(100);
  });

  it('do not hold up a refresh or a revocation while Redis hangs', async () => {
    const rows = [await copied(), await copied(), await copied()];
    server.freeze();
    const quickest = await quickestOf(rows.length, async () => {
      const row = rows.pop()!;
      await here.store.carryOn(successor(row));
      await postgres.transaction((tx) =>
        here.store.revoke(tx, { ...owner, id: row.id, reason: 'logout', now: new Date(START) }),
      );
    });
    expect(quickest).toBeLessThan(200);
  });
});
