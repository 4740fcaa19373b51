import { RevocationMirror } from '@latchkey/nest';
import { randomUUID } from 'node:crypto';
import { Clock } from '../../src/common/clock';
import { EventLog } from '../../src/common/event-log';
import { createLogger } from '../../src/common/logger';
import type { Queryable } from '../../src/database/database';
import type { NewRevocation } from '../../src/revocation/revocation.store';
import { PostgresPush } from '../../src/revocation/postgres-push';
import { RevocationFeed } from '../../src/revocation/revocation-feed';
import { RevocationStore } from '../../src/revocation/revocation.store';
import { openDatabaseContext, type DatabaseContext } from '../support/database-context';
import { startTestServer } from '../support/test-server';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { until } from '../support/until';

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
    let horizon = (await store.poll('0', new Date())).horizon;
    const poll = async () => {
      const page = await store.poll(horizon, new Date());
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
    let page = await store.poll('0', new Date());
    expect(page.revocations.length).toBeGreaterThan(0);
    // Transactions that are open elsewhere on the server hold the horizon back until they end.
    await until('the horizon has passed everything', async () => {
      page = await store.poll(page.horizon, new Date());
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
    (await store.poll('0', new Date())).revocations.forEach((revocation) => mirror.apply(revocation));
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
  });

  it('judges in SQL as in memory', async () => {
    const { store, mirror } = feedOn(context);
    const login = loginOf();
    const other = { ...login, sessionId: randomUUID() };
    const { tenantId, userId, sessionId } = login;
    const mark = { target: { kind: 'user', tenantId, userId, exceptSessionId: sessionId }, generation: 4 } as const;
    await store.append(context.database, { ...mark, endsLogin: true, reason: 'password_changed', now: new Date() });
    (await store.poll('0', new Date())).revocations.forEach((revocation) => mirror.apply(revocation));
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
});
