import { randomUUID } from 'node:crypto';
import { ClientRegistry } from '../../src/clients/client-registry';
import { FeedStreams } from '../../src/oauth/feed-streams';
import { RevocationFeed } from '../../src/revocation/revocation-feed';
import { LoginRevoker } from '../../src/strategy/login-revoker';
import { EventStream } from '../support/event-stream';
import { oauthCaller, type FeedPart, type OAuthCaller } from '../support/oauth-caller';
import { HOUR } from '../support/test-app';
import { withClient } from '../support/test-database';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';
import { expectRefusal } from './refusals';
import { useService } from './service';

const FIELDS = [
  'ends_login',
  'except_sid',
  'expires_at',
  'generation',
  'kind',
  'reason',
  'sid',
  'tenant_id',
  'user_id',
];

describe('the feed for other services', () => {
  const service = useService({ settings: { 'auth.mode': 'stateless' } });
  const streams: EventStream[] = [];
  let own: string;
  let foreign: string;
  let caller: OAuthCaller;

  beforeAll(async () => {
    own = (await service.defaultTenant()).id;
    foreign = (await service.tenant()).id;
    caller = await oauthCaller(service.app, { tenants: [own] });
  });

  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    await until('every stream is closed', () => service.app.provider(FeedStreams).size === 0);
    expect(service.app.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  async function open(of = caller, options = {}): Promise<EventStream> {
    const stream = await EventStream.open(service.app.url, of.basic, options);
    streams.push(stream);
    return stream;
  }

  /** Ends a login that nobody has; `sid` tells it again. */
  async function revoke(tenantId = own): Promise<string> {
    const sessionId = randomUUID();
    const target = { kind: 'session', tenantId, userId: randomUUID(), sessionId } as const;
    await service.app.provider(LoginRevoker).revoke(target, 'logout');
    return sessionId;
  }

  const seen = (parts: readonly unknown[]) =>
    parts.flatMap((part) => (part as FeedPart).revocations.map(({ sid }) => sid));
  const seenOn = (stream: EventStream) => seen(stream.named('revocations').map(({ data }) => data));

  it('says what was revoked, in these fields and no others', async () => {
    const sid = await revoke();
    const { revocations } = await caller.all();
    const row = revocations.find((each) => each.sid === sid)!;
    expect(Object.keys(row).sort()).toEqual(FIELDS);
    expect(row).toMatchObject({
      kind: 'session',
      tenant_id: own,
      user_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      generation: null,
      except_sid: null,
      ends_login: true,
      reason: 'logout',
    });
    expect(row.expires_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('tells each kind by its own facts', async () => {
    const { person, sessionId } = await service.signedIn();
    const { tenantId, userId } = person;
    const since = (await caller.all()).cursor;
    const revoker = service.app.provider(LoginRevoker);
    await revoker.revoke({ kind: 'user', tenantId, userId, exceptSessionId: sessionId }, 'revoked_by_user');
    await service.changes.setRoles({ tenantId, userId }, ['auditor']);
    await revoker.revoke({ kind: 'tenant', tenantId: own }, 'revoked_by_operator');
    await revoker.revoke({ kind: 'global' }, 'revoked_by_operator');
    const { revocations } = await caller.all(since);
    const facts = revocations.slice(-4);
    expect(facts).toMatchObject([
      { kind: 'user', user_id: userId, except_sid: sessionId, ends_login: true, generation: expect.any(Number) },
      { kind: 'user', user_id: userId, except_sid: null, ends_login: false, reason: 'roles_changed' },
      { kind: 'tenant', tenant_id: own, user_id: null, sid: null },
      { kind: 'global', tenant_id: null, user_id: null, sid: null },
    ]);
  });

  it('goes on from a cursor and misses nothing', async () => {
    const first = await revoke();
    const { revocations, cursor } = await caller.all();
    expect(revocations.map(({ sid }) => sid)).toContain(first);
    const second = await revoke();
    const next = await caller.all(cursor);
    expect(next.revocations.map(({ sid }) => sid)).toContain(second);
    await until('the cursor has passed everything', async () => {
      next.cursor = (await caller.page(next.cursor)).body.cursor;
      return (await caller.page(next.cursor)).body.revocations.length === 0;
    });
  });

  it('misses no row that commits after a later one', async () => {
    const { cursor } = await caller.all();
    const [early, late] = [randomUUID(), randomUUID()];
    const insert = `INSERT INTO revocations (kind, tenant_id, user_id, session_id, ends_login, reason, created_at, access_expires_at, expires_at)
                    VALUES ('session', $1, $1, $2, true, 'logout', now(), now() + interval '1 hour', now() + interval '1 hour')`;
    await withClient(service.app.database.url, async (client) => {
      await client.query('BEGIN');
      await client.query(insert, [own, early]);
      await withClient(service.app.database.url, (other) => other.query(insert, [own, late]));
      const between = await caller.all(cursor);
      expect(between.revocations.map(({ sid }) => sid)).toContain(late);
      await client.query('COMMIT');
      const after = await caller.all(between.cursor);
      expect(after.revocations.map(({ sid }) => sid)).toContain(early);
    });
  });

  it('comes in pages when there is much of it, and the pages hold all of it once', async () => {
    const everywhere = await oauthCaller(service.app, { tenants: 'all' });
    const { cursor } = await everywhere.all();
    await withClient(service.app.database.url, (client) =>
      client.query(
        `INSERT INTO revocations (kind, tenant_id, user_id, session_id, ends_login, reason, created_at, access_expires_at, expires_at)
         SELECT 'session', $1, gen_random_uuid(), gen_random_uuid(), true, 'logout', now(), now() + interval '1 hour', now() + interval '1 hour'
           FROM generate_series(1, 1700)`,
        [own],
      ),
    );
    const { revocations, pages } = await everywhere.all(cursor);
    const sids = revocations.filter(({ kind }) => kind === 'session').map(({ sid }) => sid);
    expect(pages).toBeGreaterThanOrEqual(4);
    expect(new Set(sids).size).toBe(sids.length);
    expect(sids.length).toBeGreaterThanOrEqual(1700);
    const stream = await open(everywhere, { headers: { 'last-event-id': cursor } });
    await stream.until('the stream has all of it', (s) => new Set(seenOn(s)).size >= 1700);
    expect(stream.named('revocations').map(({ data }) => (data as FeedPart).complete)).toContain(false);
  });

  it('shows a client its own tenants and what concerns everyone, and nothing else', async () => {
    const stream = await open();
    const [mine, theirs] = [await revoke(own), await revoke(foreign)];
    await service.app.provider(LoginRevoker).revoke({ kind: 'tenant', tenantId: foreign }, 'revoked_by_operator');
    const last = await revoke(own);
    const { revocations } = await caller.all();
    await stream.until('the last one came', (s) => seenOn(s).includes(last));
    for (const sids of [revocations.map(({ sid }) => sid), seenOn(stream)]) {
      expect(sids).toContain(mine);
      expect(sids).not.toContain(theirs);
    }
    expect(JSON.stringify([revocations, stream.events])).not.toContain(foreign);
    const other = await oauthCaller(service.app, { tenants: [foreign] });
    const foreignRows = (await other.all()).revocations;
    expect(foreignRows.map(({ sid }) => sid)).toContain(theirs);
    expect(foreignRows.map(({ sid }) => sid)).not.toContain(mine);
  });

  it('takes no cursor that was made up, changed, cut or given to another client', async () => {
    const { cursor } = await caller.all();
    const [key, box] = cursor.split('.') as [string, string];
    const changed = `${key}.${box.slice(0, -3)}${box.at(-3) === 'A' ? 'B' : 'A'}${box.slice(-2)}`;
    const other = await oauthCaller(service.app, { tenants: 'all' });
    const cursors = [
      '0',
      '1',
      'x',
      `${key}.`,
      `.${box}`,
      box,
      changed,
      cursor.slice(0, -1),
      `${cursor}A`,
      (await other.all()).cursor,
    ];
    for (const each of [...cursors, 'A'.repeat(513)]) {
      expectRefusal(await caller.page(each), 400);
      await expect(open(caller, { headers: { 'last-event-id': each } })).rejects.toThrow(/^400 /);
      await expect(open(caller, { path: `?since=${encodeURIComponent(each)}` })).rejects.toThrow(/^400 /);
    }
    expect((await caller.page(cursor)).status).toBe(200);
  });

  it('takes no credentials and no second cursor in the address', async () => {
    for (const query of ['client_id=x&client_secret=y', 'since=a&since=b', 'since=', 'since[]=a', 'access_token=x']) {
      for (const path of ['', '/stream']) {
        const headers = { authorization: caller.basic };
        expectRefusal(await service.http.get(`/oauth/revocations${path}?${query}`, { headers }), 400);
      }
    }
  });

  it('streams what is live first, then what happens, within a second', async () => {
    const before = await revoke();
    const stream = await open();
    await stream.until('what was live came', (s) => seenOn(s).includes(before));
    const begun = performance.now();
    const now = await revoke();
    await stream.until('what happens came', (s) => seenOn(s).includes(now));
    expect(stream.named('revocations').at(-1)!.at - begun).toBeLessThan(timeLimit(1_000));
    expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(stream.response.headers['cache-control']).toBe('no-store');
  });

  it('resumes where the last event left off', async () => {
    const stream = await open();
    const first = await revoke();
    await stream.until('the first came', (s) => seenOn(s).includes(first));
    const lastId = () => stream.events.findLast(({ id }) => id !== undefined)!.id!;
    // Other databases of the same server hold the horizon back while their transactions are open.
    const passed = async () => (await caller.page(lastId())).body.revocations.length === 0;
    await until('a heartbeat tells of a horizon beyond it', passed, { within: 25_000, every: 200 });
    stream.close();
    const missed = await revoke();
    const again = await open(caller, { headers: { 'last-event-id': lastId() } });
    await again.until('what was missed came', (s) => seenOn(s).includes(missed));
    expect(seenOn(again)).not.toContain(first);
  });

  it('beats every second while it is fresh', async () => {
    const begun = performance.now();
    const stream = await open();
    await stream.until('three beats came', (s) => s.named('heartbeat').length >= 3);
    expect(stream.named('heartbeat').map(({ data }) => data)).toEqual(expect.arrayContaining([{}]));
    // An answer may be late, never early: two seconds lie between the first beat and the third.
    const third = stream.named('heartbeat')[2]!.at - begun;
    expect(third).toBeGreaterThan(1_900);
    expect(third).toBeLessThan(timeLimit(4_000));
  });

  it('costs no statement while nothing happens, and none for each stream when something does', async () => {
    const many = await Promise.all(Array.from({ length: 10 }, () => open()));
    await until('all have caught up', () => many.every((stream) => stream.named('heartbeat').length > 0));
    const reads = await service.app.reads(async () => {
      const sid = await revoke();
      await until('all know', () => many.every((stream) => seenOn(stream).includes(sid)));
    });
    // The transaction of the revocation itself.
    expect(reads).toBe(1);
  });

  it('ends for a client that is disabled, deleted or has lost its secret, and for no other', async () => {
    const registry = service.app.provider(ClientRegistry);
    const bystander = await open();
    for (const end of ['disable', 'delete', 'rotateNow'] as const) {
      const ended = await oauthCaller(service.app, { tenants: [own] });
      const stream = await open(ended);
      await stream.until('it beats', (s) => s.named('heartbeat').length > 0);
      const begun = performance.now();
      await registry[end](ended.id);
      await stream.until('it has ended', (s) => s.ended);
      expect(performance.now() - begun).toBeLessThan(timeLimit(1_000));
      await expect(open(ended)).rejects.toThrow(/^401 /);
    }
    expect(bystander.ended).toBe(false);
  });

  it('is opened anew every hour, so that an old secret does not live on in it', async () => {
    const stream = await open();
    await stream.until('it beats', (s) => s.named('heartbeat').length > 0);
    service.clock.advance(HOUR);
    await stream.until('it has ended', (s) => s.ended);
  });

  it('lets one client have fifty streams, and no more', async () => {
    const greedy = await oauthCaller(service.app, { tenants: [own] });
    await Promise.all(Array.from({ length: 50 }, () => open(greedy)));
    await expect(open(greedy)).rejects.toThrow(/^429 .*"rate_limited"/);
    expect((await open()).ended).toBe(false);
    streams[0]!.close();
    await until('there is room again', async () => {
      const stream = await open(greedy).catch(() => null);
      return stream !== null;
    });
  });

  it('holds no more than a bounded part for a client that does not read, and cuts it off', async () => {
    const stream = await open();
    await stream.until('it beats', (s) => s.named('heartbeat').length > 0);
    stream.pause();
    const feed = service.app.provider(RevocationFeed);
    const revocations = Array.from({ length: 40_000 }, () => ({
      target: { kind: 'session', tenantId: own, userId: randomUUID(), sessionId: randomUUID() } as const,
      generation: null,
      endsLogin: true,
      reason: 'logout' as const,
      accessExpiresAt: Date.now() + HOUR,
    }));
    const before = process.memoryUsage().rss;
    for (let i = 0; i < revocations.length; i += 100) {
      feed.recent.add(revocations.slice(i, i + 100));
      await new Promise(setImmediate);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    await until('it was cut off', () => service.app.provider(FeedStreams).size === 0, { within: 20_000 });
  });

  it('is no stream for HEAD', async () => {
    const answer = await service.http.send('HEAD', '/oauth/revocations/stream', {
      headers: { authorization: caller.basic },
    });
    expect(answer.status).toBe(405);
    expect(service.app.provider(FeedStreams).size).toBe(0);
  });
});

describe('the streams of a service that stops', () => {
  const service = useService({ settings: { 'auth.mode': 'stateless' } });

  it('end with it, and hold it up no longer', async () => {
    const caller = await oauthCaller(service.app, { tenants: 'all' });
    const stream = await EventStream.open(service.app.url, caller.basic);
    await stream.until('it beats', (s) => s.named('heartbeat').length > 0);
    const begun = performance.now();
    await service.stop();
    expect(performance.now() - begun).toBeLessThan(timeLimit(5_000));
    await stream.until('it has ended', (s) => s.ended);
    await service.start();
  });
});

describe('the streams of a service that has lost its own feed', () => {
  const service = useService({ settings: { 'auth.mode': 'stateless' } });

  it('are silent: whoever reads them knows that something is missing', async () => {
    const caller = await oauthCaller(service.app, { tenants: 'all' });
    const stream = await EventStream.open(service.app.url, caller.basic);
    await stream.until('it beats', (s) => s.named('heartbeat').length > 0);
    const feed = service.app.provider(RevocationFeed);
    await feed.onApplicationShutdown();
    await until('the feed is lost', () => !feed.isFresh());
    const beats = stream.named('heartbeat').length;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(stream.named('heartbeat').length).toBeLessThanOrEqual(beats + 1);
    stream.close();
  });
});
