import { RevocationMirror } from '@latchkey/nest';
import { randomUUID } from 'node:crypto';
import { Clock } from '../../src/common/clock';
import { EventLog } from '../../src/common/event-log';
import { createLogger } from '../../src/common/logger';
import type { Queryable } from '../../src/database/database';
import type { NewRevocation } from '../../src/revocation/revocation.store';
import { PostgresPush } from '../../src/revocation/postgres-push';
import { RevocationFeed } from '../../src/revocation/revocation-feed';
import { placeOf, RevocationStore, type FeedPage, type FeedPlace } from '../../src/revocation/revocation.store';
import { openDatabaseContext, type DatabaseContext } from '../support/database-context';
import { startTestServer } from '../support/test-server';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { until } from '../support/until';

const START = placeOf('0');
const GENERATIONS = { global: 0, tenant: 0, user: 0 };

function loginOf() {
  return { tenantId: randomUUID(), userId: randomUUID(), sessionId: randomUUID(), generations: GENERATIONS };
}

function revocationOf(login: ReturnType<typeof loginOf>): NewRevocation {
  const { tenantId, userId, sessionId } = login;
  const target = { kind: 'session', tenantId, userId, sessionId } as const;
  return { target, generation: null, endsLogin: true, reason: 'logout', now: new Date() };
}

/** A feed of its own, as another process would have. */
function feedOn(context: DatabaseContext) {
  const store = new RevocationStore(context.background);
  const mirror = new RevocationMirror();
  const events = new EventLog(createLogger('silent'));
  const push = new PostgresPush(store, context.openFeedConnection);
  const feed = new RevocationFeed(store, mirror, new Clock(), events, push);
  return { store, mirror, feed };
}

describe('the revocation feed', () => {
  let database: TestDatabase;
  let context: DatabaseContext;

  beforeAll(async () => {
    database = await createTestDatabase();
    context = await openDatabaseContext({ url: database.url });
  });

  afterAll(async () => {
    await context.close();
    await database.drop();
  });

  it('loads what was revoked before the process started', async () => {
    const login = loginOf();
    const { store, mirror, feed } = feedOn(context);
    await store.append(context.database, revocationOf(login));
    expect(feed.age()).toBeNull();
    expect(feed.isFresh()).toBe(false);
    await feed.onApplicationBootstrap();
    expect(mirror.verdict(login)).toBe('revoked');
    expect(feed.isFresh()).toBe(true);
    await feed.onApplicationShutdown();
  });

  it('misses no row that committed after a later one: ids are not in commit order', async () => {
    const { store, mirror } = feedOn(context);
    const [early, late] = [loginOf(), loginOf()];
    let horizon = (await store.poll(START, new Date())).horizon;
    const poll = async () => {
      const page = await store.poll(placeOf(horizon), new Date());
      page.revocations.forEach((revocation) => mirror.apply(revocation));
      horizon = page.horizon;
    };
    let commitEarly = (): void => undefined;
    const held = new Promise<void>((resolve) => (commitEarly = resolve));
    let inserted = (): void => undefined;
    const earlyInserted = new Promise<void>((resolve) => (inserted = resolve));
    const slow = context.database.transaction(async (tx: Queryable) => {
      await store.append(tx, revocationOf(early));
      inserted();
      await held;
    });
    await earlyInserted;
    await store.append(context.database, revocationOf(late));
    await poll();
    expect(mirror.verdict(late)).toBe('revoked');
    expect(mirror.verdict(early)).toBe('valid');
    commitEarly();
    await slow;
    await poll();
    expect(mirror.verdict(early)).toBe('revoked');
  });

  it('reads nothing twice for ever: the horizon moves past committed rows', async () => {
    const { store } = feedOn(context);
    await store.append(context.database, revocationOf(loginOf()));
    let page = await store.poll(START, new Date());
    expect(page.revocations.length).toBeGreaterThan(0);
    // Transactions that are open elsewhere on the server hold the horizon back until they end.
    await until('the horizon has passed everything', async () => {
      page = await store.poll(placeOf(page.horizon), new Date());
      return page.revocations.length === 0;
    });
  });

  it('tells this process at once and the others without waiting for the next poll', async () => {
    const [here, there] = [feedOn(context), feedOn(context)];
    await Promise.all([here.feed.onApplicationBootstrap(), there.feed.onApplicationBootstrap()]);
    const login = loginOf();
    const revocation = await here.store.append(context.database, revocationOf(login));
    here.feed.announce(revocation);
    expect(here.mirror.verdict(login)).toBe('revoked');
    await until('the other process knows', () => there.mirror.verdict(login) === 'revoked');
    await Promise.all([here.feed.onApplicationShutdown(), there.feed.onApplicationShutdown()]);
  });

  it('is told by the push alone, while nobody polls', async () => {
    const [here, there] = [feedOn(context), feedOn(context)];
    await Promise.all([here.feed.onApplicationBootstrap(), there.feed.onApplicationBootstrap()]);
    clearInterval(there.feed['timer']);
    for (let i = 0; i < 3; i += 1) {
      const login = loginOf();
      here.feed.announce(await here.store.append(context.database, revocationOf(login)));
      await until('the other process knows', () => there.mirror.verdict(login) === 'revoked');
    }
    await Promise.all([here.feed.onApplicationShutdown(), there.feed.onApplicationShutdown()]);
  });

  it('hears by polling alone while nobody listens, and listens again by itself', async () => {
    const { store, mirror, feed } = feedOn(context);
    await feed.onApplicationBootstrap();
    const cut = () =>
      withClient(database.url, (client) =>
        client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE application_name = 'latchkey-feed' AND datname = current_database()`),
      );
    const listeners = () =>
      withClient(database.url, async (client) => {
        const { rows } = await client.query(`SELECT 1 FROM pg_stat_activity
                       WHERE application_name = 'latchkey-feed' AND datname = current_database()`);
        return rows.length;
      });
    await cut();
    const login = loginOf();
    await store.append(context.database, revocationOf(login));
    await until('a poll found it', () => mirror.verdict(login) === 'revoked');
    await until('it listens again', async () => (await listeners()) === 1);
    await feed.onApplicationShutdown();
  });

  it('leaves no trace of a revocation whose transaction was rolled back', async () => {
    const { store, mirror } = feedOn(context);
    const login = loginOf();
    const failed = context.database.transaction(async (tx) => {
      await store.append(tx, revocationOf(login));
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    (await store.poll(START, new Date())).revocations.forEach((revocation) => mirror.apply(revocation));
    expect(mirror.verdict(login)).toBe('valid');
  });

  it('keeps rows as long as the longest token issued so far, also when lifetimes were shortened since', async () => {
    const { store } = feedOn(context);
    const inAYear = new Date(Date.now() + 365 * 86_400_000);
    await store.recordHorizons({ access: inAYear, login: inAYear });
    await store.recordHorizons({ access: new Date(), login: new Date() });
    const revocation = await store.append(context.database, revocationOf(loginOf()));
    expect(revocation.accessExpiresAt).toBe(inAYear.getTime());
    const justBefore = new Date(inAYear.getTime() - 1);
    await store.purgeExpired(justBefore, 1_000);
    expect(await store.purgeExpired(justBefore, 1_000)).toBe(0);
    expect(await store.purgeExpired(inAYear, 1_000)).toBe(1);
  });

  it('reads everything once more when the server is another one, whose transactions have numbers of their own', async () => {
    const other = await startTestServer();
    const elsewhere = await openDatabaseContext({ url: other.url });
    let current = context.background;
    // Many transactions have passed on the server that is lost: its horizon lies beyond all of the other.
    const burn = { name: 'burn', text: 'SELECT pg_current_xact_id()' };
    for (let i = 0; i < 300; i++) await context.database.rows(burn);
    const login = loginOf();
    await new RevocationStore(elsewhere.background).append(elsewhere.database, revocationOf(login));
    // The pool reconnects by itself: nothing tells the feed that the server behind it is another one.
    const store = new RevocationStore(context.background);
    jest.spyOn(store, 'poll').mockImplementation((horizon, now) => new RevocationStore(current).poll(horizon, now));
    const mirror = new RevocationMirror();
    const events = new EventLog(createLogger('silent'));
    const push = new PostgresPush(store, context.openFeedConnection);
    const feed = new RevocationFeed(store, mirror, new Clock(), events, push);
    await feed.onApplicationBootstrap();
    expect(mirror.verdict(login)).toBe('valid');
    current = elsewhere.background;
    await feed.pollNow();
    expect(mirror.verdict(login)).toBe('revoked');
    expect(feed.isFresh()).toBe(true);
    await feed.onApplicationShutdown();
    await elsewhere.close();
    await other.stop();
  }, 30_000);

  it('judges in SQL as in memory', async () => {
    const { store, mirror } = feedOn(context);
    const login = loginOf();
    const other = { ...login, sessionId: randomUUID() };
    const { tenantId, userId, sessionId } = login;
    const mark = { target: { kind: 'user', tenantId, userId, exceptSessionId: sessionId }, generation: 4 } as const;
    await store.append(context.database, { ...mark, endsLogin: true, reason: 'password_changed', now: new Date() });
    (await store.poll(START, new Date())).revocations.forEach((revocation) => mirror.apply(revocation));
    const statement = { name: 'judge', text: 'SELECT login_is_revoked($1, $2, $3, 0, 0, $4) AS revoked' };
    for (const judged of [login, other, { ...other, userId: randomUUID() }, { ...other, tenantId: randomUUID() }]) {
      for (const user of [3, 4]) {
        const row = await context.database.first<{ revoked: boolean }>(statement, [
          judged.tenantId,
          judged.userId,
          judged.sessionId,
          user,
        ]);
        const verdict = mirror.verdict({ ...judged, generations: { ...GENERATIONS, user } });
        expect(row?.revoked).toBe(verdict === 'revoked');
      }
    }
  });

  describe('of more rows than one page holds', () => {
    const LOADED = 50_000;
    const PAGE = 2_000;
    const FILL = {
      name: 'test_fill',
      text: `INSERT INTO revocations (kind, tenant_id, user_id, session_id, ends_login, reason, created_at, access_expires_at, expires_at)
             SELECT 'session', $1, $2, gen_random_uuid(), true, 'logout', now(), now() + interval '1 hour', now() + interval '1 day'
               FROM generate_series(1, $3)`,
    };

    /** Reads small pages and lets something happen after each. */
    class SmallPages extends RevocationStore {
      sizes: number[] = [];
      between: (pages: number) => Promise<unknown> = () => Promise.resolve();

      override async poll(from: FeedPlace, now: Date): Promise<FeedPage> {
        const page = await super.poll(from, now, PAGE);
        this.sizes.push(page.revocations.length);
        await this.between(this.sizes.length);
        return page;
      }
    }

    function smallPages() {
      const [store, mirror] = [new SmallPages(context.background), new RevocationMirror()];
      const events = new EventLog(createLogger('silent'));
      const push = new PostgresPush(store, context.openFeedConnection);
      const feed = new RevocationFeed(store, mirror, new Clock(), events, push);
      return { store, mirror, feed };
    }

    beforeAll(async () => {
      const { tenantId, userId } = loginOf();
      for (let i = 0; i < 5; i += 1) await context.database.rows(FILL, [tenantId, userId, LOADED / 5]);
    });

    afterAll(() => context.database.rows({ name: 'test_clear', text: 'TRUNCATE revocations' }));

    it('loads them all, in statements that are bounded each', async () => {
      const { store, mirror, feed } = smallPages();
      await feed.onApplicationBootstrap();
      await feed.onApplicationShutdown();
      expect(mirror.size).toBeGreaterThanOrEqual(LOADED);
      expect(Math.max(...store.sizes)).toBe(PAGE);
      expect(feed.isFresh()).toBe(true);
    });

    it('loses nothing that is committed between two pages, wherever it comes to stand', async () => {
      const { store, mirror, feed } = smallPages();
      const [held, early, late] = [loginOf(), loginOf(), loginOf()];
      let commitHeld = (): void => undefined;
      let inserted = (): void => undefined;
      const hold = new Promise<void>((resolve) => (commitHeld = resolve));
      const heldInserted = new Promise<void>((resolve) => (inserted = resolve));
      const slow = context.database.transaction(async (tx: Queryable) => {
        await store.append(tx, revocationOf(held));
        inserted();
        await hold;
      });
      await heldInserted;
      await context.database.rows(FILL, [late.tenantId, late.userId, 3 * PAGE]);
      const pages = Math.ceil((LOADED + 3 * PAGE) / PAGE);
      store.between = async (read) => {
        if (read === 3) await store.append(context.database, revocationOf(early));
        // Every page that could have held it has been read by now.
        if (read === pages - 1) {
          commitHeld();
          await slow;
        }
        if (read === pages) await store.append(context.database, revocationOf(late));
      };
      await feed.pollNow();
      expect(mirror.verdict(early)).toBe('revoked');
      expect(mirror.verdict(held)).toBe('valid');
      await feed.pollNow();
      for (const login of [held, early, late]) expect(mirror.verdict(login)).toBe('revoked');
      await feed.onApplicationShutdown();
    });

    it('is not fresh, and begins again at the same place, when a page in the middle cannot be read', async () => {
      const { store, mirror, feed } = smallPages();
      store.between = (read) => (read === 2 ? Promise.reject(new Error('lost')) : Promise.resolve());
      await feed.pollNow();
      expect(feed.isFresh()).toBe(false);
      await feed.pollNow();
      expect([feed.isFresh(), mirror.size >= LOADED]).toEqual([true, true]);
      await feed.onApplicationShutdown();
    });
  });

  describe('of a login that is ended again and again', () => {
    const ROWS = {
      name: 'test_rows',
      text: 'SELECT expires_at, access_expires_at FROM revocations WHERE session_id = $1',
    };
    const rowsOf = ({ sessionId }: { sessionId: string }) =>
      context.database.rows<{ expires_at: Date; access_expires_at: Date }>(ROWS, [sessionId]);
    const LATER = { name: 'test_later', text: `UPDATE instance SET access_horizon = $1, login_horizon = $1` };

    it('keeps one row, also when it is ended many times at once, and answers each time', async () => {
      const { store } = feedOn(context);
      const login = loginOf();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => store.append(context.database, revocationOf(login))),
      );
      for (const answer of answers) {
        expect(answer.target).toMatchObject({ kind: 'session', sessionId: login.sessionId });
      }
      expect(await rowsOf(login)).toHaveLength(1);
    });

    it('is not read again by those who know it already', async () => {
      const { store } = feedOn(context);
      const [login, other] = [loginOf(), loginOf()];
      const revocation = revocationOf(login);
      await store.append(context.database, revocation);
      let { horizon } = await store.poll(START, new Date());
      await store.append(context.database, revocationOf(other));
      await until('the horizon has passed it', async () => {
        const page = await store.poll(placeOf(horizon), new Date());
        horizon = page.horizon;
        return page.revocations.length === 0;
      });
      await store.append(context.database, revocation);
      expect((await store.poll(placeOf(horizon), new Date())).revocations).toEqual([]);
    });

    it('is read again when it must be remembered for longer, and never remembered for less', async () => {
      const { store } = feedOn(context);
      const login = loginOf();
      await store.append(context.database, revocationOf(login));
      const [before] = await rowsOf(login);
      let page = await store.poll(START, new Date());
      await until('the horizon has passed it', async () => {
        page = await store.poll(placeOf(page.horizon), new Date());
        return page.revocations.length === 0;
      });
      const later = new Date(before!.access_expires_at.getTime() + 86_400_000);
      await context.database.rows(LATER, [later]);
      const again = await store.append(context.database, revocationOf(login));
      expect(again.accessExpiresAt).toBe(later.getTime());
      const seen = (await store.poll(placeOf(page.horizon), new Date())).revocations;
      expect(seen.map((each) => [each.target, each.accessExpiresAt])).toEqual([[again.target, later.getTime()]]);
      await context.database.rows(LATER, [new Date(0)]);
      expect((await store.append(context.database, revocationOf(login))).accessExpiresAt).toBe(later.getTime());
      expect(await rowsOf(login)).toEqual([{ expires_at: later, access_expires_at: later }]);
    });

    it('never merges with the same id of another user or tenant', async () => {
      const { store, mirror } = feedOn(context);
      const login = loginOf();
      const others = [
        { ...login, tenantId: randomUUID() },
        { ...login, userId: randomUUID() },
      ];
      for (const each of [login, ...others]) await store.append(context.database, revocationOf(each));
      expect(await rowsOf(login)).toHaveLength(3);
      (await store.poll(START, new Date())).revocations.forEach((revocation) => mirror.apply(revocation));
      for (const each of [login, ...others]) expect(mirror.verdict(each)).toBe('revoked');
    });

    it('lets a process of the release before insert as it used to', async () => {
      const { store } = feedOn(context);
      const login = loginOf();
      const insert = {
        name: 'test_old_insert',
        text: `INSERT INTO revocations (kind, tenant_id, user_id, session_id, ends_login, reason, created_at, access_expires_at, expires_at)
               VALUES ('session', $1, $2, $3, true, 'logout', now(), now() + interval '1 hour', now() + interval '1 hour')`,
      };
      const values = [login.tenantId, login.userId, login.sessionId];
      await store.append(context.database, revocationOf(login));
      for (let i = 0; i < 2; i += 1) await context.database.rows(insert, values);
      expect(await rowsOf(login)).toHaveLength(3);
    });
  });
});
