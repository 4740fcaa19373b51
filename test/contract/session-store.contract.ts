import { randomBytes, randomUUID } from 'node:crypto';
import type { Queryable } from '../../src/database/database';
import type { NewSession, SessionOwner, SessionStore } from '../../src/strategy/session.store';
import { at, departure, HOUR, MINUTE, SECOND, sessionOf, START, successor } from './sessions';

/** A store with a place to keep people, emptied for each test. */
export interface StoreUnderTest {
  readonly store: SessionStore;
  /** A user that exists, in a tenant of their own unless one is given. */
  owner(tenantId?: string): Promise<SessionOwner>;
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** What every keeper of sessions promises, whatever it is made of. */
export function sessionStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a session store`, () => {
    let under: StoreUnderTest;
    let store: SessionStore;
    let owner: SessionOwner;

    beforeAll(async () => {
      under = await open();
      store = under.store;
    });

    afterAll(() => under?.close());

    beforeEach(async () => {
      owner = await under.owner();
    });

    const session = (difference: Partial<NewSession> = {}) => sessionOf(owner, difference);

    async function created(difference: Partial<NewSession> = {}): Promise<NewSession> {
      const row = session(difference);
      await store.create(row);
      return row;
    }

    const revoke = (of: SessionOwner & { id: string }, now = at(SECOND)) =>
      under.transaction((tx) => store.revoke(tx, { ...of, reason: 'logout', now }));
    const revokeAll = (of: SessionOwner, exceptId: string | null = null) =>
      under.transaction((tx) => store.revokeAll(tx, { ...of, exceptId, reason: 'logout', now: at(SECOND) }));
    const listed = async (of: SessionOwner = owner, now = at(SECOND)) =>
      (await store.list(of, now)).map(({ id }) => id);

    it('gives back what it was given, and hashes as they were', async () => {
      const row = await created();
      const record = await store.findForAccess(row.id);
      expect(record).toMatchObject({
        session: {
          id: row.id,
          ipAddress: '192.0.2.1',
          userAgent: 'test',
          device: 'test',
          amr: ['pwd'],
          expiresAt: at(24 * HOUR),
        },
        principal: { kind: 'user', ...owner },
        generations: row.generations,
        authTime: at(0),
        accessExpiresAt: at(HOUR),
        revoked: false,
      });
      expect(record!.accessHash).toEqual(row.grant.accessHash);
      expect(record!.previousAccessHash).toBeNull();
    });

    it('keeps what a client did not tell as unknown', async () => {
      const { id } = await created({ ipAddress: null, userAgent: null, device: null, amr: [] });
      const record = await store.findForAccess(id);
      expect(record!.session).toMatchObject({ ipAddress: null, userAgent: null, device: null, amr: [] });
    });

    it('does not know what was never there', async () => {
      expect(await store.findForAccess(randomUUID())).toBeNull();
      expect(await store.list(await under.owner(), at(0))).toEqual([]);
      expect(await revoke({ ...owner, id: randomUUID() })).toBe(false);
      expect(await store.handOver(departure(session()))).toBe(false);
    });

    it('refuses the same id twice', async () => {
      const row = await created();
      await expect(store.create(row)).rejects.toThrow();
    });

    it('finds nothing for another tenant, another user, or both exchanged', async () => {
      const row = await created();
      const other = await under.owner();
      const neighbour = await under.owner(owner.tenantId);
      const swapped = { tenantId: owner.userId, userId: owner.tenantId };
      const strangers = [
        other,
        neighbour,
        { ...owner, tenantId: other.tenantId },
        { ...owner, userId: other.userId },
        swapped,
      ];
      for (const stranger of strangers) {
        expect(await listed(stranger)).toEqual([]);
        expect(await revoke({ ...stranger, id: row.id })).toBe(false);
        await revokeAll(stranger);
        expect(await store.handOver(departure(row, stranger))).toBe(false);
      }
      for (const stranger of [other, neighbour]) expect(await store.carryOn(successor(row, stranger))).toBeNull();
      const record = await store.findForAccess(row.id);
      expect([record!.revoked, record!.principal.userId]).toEqual([false, owner.userId]);
      expect(record!.accessHash).toEqual(row.grant.accessHash);
      expect(await listed()).toEqual([row.id]);
    });

    it('revokes once: the second time nothing live is there', async () => {
      const [row, other] = [await created(), await created()];
      expect([await revoke(row), await revoke(row)]).toEqual([true, false]);
      expect((await store.findForAccess(row.id))!.revoked).toBe(true);
      expect(await listed()).toEqual([other.id]);
    });

    it('lets one of many decide', async () => {
      const row = await created();
      const answers = await Promise.all(Array.from({ length: 8 }, () => revoke(row)));
      expect(answers.filter(Boolean)).toHaveLength(1);
    });

    it('has nothing to revoke once the login is over', async () => {
      expect(await revoke(await created({ expiresAt: at(SECOND) }), at(SECOND))).toBe(false);
    });

    it('revokes all but one, or all', async () => {
      const rows = [await created(), await created(), await created()];
      await revokeAll(owner, rows[1]!.id);
      expect(await listed()).toEqual([rows[1]!.id]);
      await revokeAll(owner);
      await revokeAll(owner);
      expect(await listed()).toEqual([]);
    });

    it('revokes nothing when the transaction is undone', async () => {
      const row = await created();
      const undone = under.transaction(async (tx) => {
        await store.revoke(tx, { ...row, reason: 'logout', now: at(SECOND) });
        throw new Error('changed my mind');
      });
      await expect(undone).rejects.toThrow('changed my mind');
      expect((await store.findForAccess(row.id))!.revoked).toBe(false);
    });

    it('carries a login on: the new access token counts, the old one for as long as it is told', async () => {
      const row = await created();
      const next = successor(row);
      expect(await store.carryOn(next)).toMatchObject({
        id: row.id,
        createdAt: at(0),
        lastActivity: at(MINUTE),
        expiresAt: row.expiresAt,
      });
      const record = await store.findForAccess(row.id);
      expect(record!.accessHash).toEqual(next.grant.accessHash);
      expect(record!.previousAccessHash).toEqual(row.grant.accessHash);
      expect(record!.previousAccessUntil).toEqual(at(MINUTE + 30 * SECOND));
    });

    it('never honours the old access token beyond its own end', async () => {
      const row = await created({ grant: { ...session().grant, accessExpiresAt: at(MINUTE) } });
      await store.carryOn(successor(row, { parentAccessUntil: at(HOUR) }));
      expect((await store.findForAccess(row.id))!.previousAccessUntil).toEqual(at(MINUTE));
    });

    it('does not bring a replaced session token back when the login goes on with JWTs', async () => {
      const row = await created();
      const jwt = { ...session().grant, kind: 'tracked_jwt', accessHash: null } as const;
      const second = successor(row, { grant: jwt });
      await store.carryOn(second);
      const until = (await store.findForAccess(row.id))!.previousAccessUntil;
      const third = successor(second, { grant: { ...jwt, refreshHash: randomBytes(32) }, parentAccessUntil: at(HOUR) });
      expect(await store.carryOn(third)).not.toBeNull();
      expect((await store.findForAccess(row.id))!.previousAccessUntil).toEqual(until);
    });

    it('gives the same row when the same is asked again, however often and at once', async () => {
      const row = await created();
      const next = successor(row);
      const first = await store.carryOn(next);
      const again = await Promise.all(Array.from({ length: 8 }, () => store.carryOn(next)));
      expect(again).toEqual(Array(8).fill(first));
      expect((await store.findForAccess(row.id))!.previousAccessHash).toEqual(row.grant.accessHash);
    });

    it('does not go back: a late repetition does not undo the next step', async () => {
      const row = await created();
      const second = successor(row);
      const third = successor(second, { now: at(2 * MINUTE) });
      await store.carryOn(second);
      await store.carryOn(third);
      expect(await store.carryOn(second)).toBeNull();
      expect((await store.findForAccess(row.id))!.accessHash).toEqual(third.grant.accessHash);
    });

    it('lets one of two different successors win', async () => {
      const row = await created();
      const answers = await Promise.all([store.carryOn(successor(row)), store.carryOn(successor(row))]);
      expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
    });

    it('makes the row of a login that had none', async () => {
      const next = successor(session());
      expect(await store.carryOn(next)).toMatchObject({ id: next.id });
      expect(await listed()).toEqual([next.id]);
    });

    it('never revives a login that was revoked, by going on, by leaving or by coming back', async () => {
      const [row, away] = [await created(), await created()];
      await store.handOver(departure(away));
      await revoke(row);
      await revokeAll(owner);
      for (const dead of [row, away]) {
        expect(await store.carryOn(successor(dead))).toBeNull();
        expect(await store.handOver(departure(dead))).toBe(false);
        expect((await store.findForAccess(dead.id))!.revoked).toBe(true);
      }
      expect(await listed()).toEqual([]);
    });

    it('hands a login over: not listed, its old access token honoured for a while, still revocable', async () => {
      const row = await created();
      expect(await store.handOver(departure(row))).toBe(true);
      expect(await listed()).toEqual([]);
      const record = await store.findForAccess(row.id);
      expect([record!.accessHash, record!.revoked]).toEqual([null, false]);
      expect(record!.previousAccessHash).toEqual(row.grant.accessHash);
      expect(record!.previousAccessUntil).toEqual(at(MINUTE));
      expect(await revoke(row)).toBe(true);
    });

    it('hands over again as often as it is asked, and only for the token that was consumed', async () => {
      const row = await created();
      expect(await store.handOver(departure(row, { parentHash: randomBytes(32) }))).toBe(false);
      expect([await store.handOver(departure(row)), await store.handOver(departure(row))]).toEqual([true, true]);
      expect((await store.findForAccess(row.id))!.previousAccessHash).toEqual(row.grant.accessHash);
    });

    it('takes a login up again that had left', async () => {
      const row = await created();
      await store.handOver(departure(row));
      const back = successor(row, { parentHash: randomBytes(32) });
      expect(await store.carryOn(back)).toMatchObject({ id: row.id, createdAt: at(0), expiresAt: row.expiresAt });
      expect(await listed()).toEqual([row.id]);
      expect((await store.findForAccess(row.id))!.accessHash).toEqual(back.grant.accessHash);
    });

    it('lists live logins, latest activity first', async () => {
      const old = await created({ now: at(-HOUR) });
      const latest = await created({ now: at(0) });
      const middle = await created({ now: at(-MINUTE) });
      await created({ expiresAt: at(SECOND) });
      expect(await listed()).toEqual([latest.id, middle.id, old.id]);
      await store.recordActivity(new Map([[old.id, START + HOUR]]));
      expect(await listed()).toEqual([old.id, latest.id, middle.id]);
    });

    it('lists no more than the latest five hundred', async () => {
      for (let i = 0; i < 501; i++) await created({ now: at(-i) });
      const { id: latest } = await created({ now: at(SECOND) });
      const ids = await listed();
      expect([ids.length, ids[0]]).toEqual([500, latest]);
    });

    it('moves activity forward, never back, and at most once a minute', async () => {
      const { id } = await created();
      const seen = async (milliseconds: number) => {
        await store.recordActivity(new Map([[id, START + milliseconds]]));
        return (await store.findForAccess(id))!.session.lastActivity.getTime() - START;
      };
      expect(await seen(59 * SECOND)).toBe(0);
      expect(await seen(MINUTE)).toBe(MINUTE);
      expect(await seen(MINUTE + 59 * SECOND)).toBe(MINUTE);
      expect(await seen(-HOUR)).toBe(MINUTE);
      expect(await seen(HOUR)).toBe(HOUR);
    });

    it('passes over activity of logins that are not there', async () => {
      const { id } = await created();
      await store.recordActivity(
        new Map([
          [randomUUID(), START],
          [id, START + HOUR],
        ]),
      );
      await store.recordActivity(new Map());
      expect((await store.findForAccess(id))!.session.lastActivity).toEqual(at(HOUR));
    });

    it('knows of every change at once, however often it was read before', async () => {
      const known = async (row: NewSession): Promise<NewSession> => {
        for (let reads = 0; reads < 3; reads++) await store.findForAccess(row.id);
        return row;
      };
      const [row, away, ended, spared, seen] = await Promise.all(
        Array.from({ length: 5 }, async () => known(await created())),
      );
      const next = successor(row!);
      await store.carryOn(next);
      expect((await store.findForAccess(row!.id))!.accessHash).toEqual(next.grant.accessHash);
      await store.handOver(departure(away!));
      expect((await store.findForAccess(away!.id))!.accessHash).toBeNull();
      await store.recordActivity(new Map([[seen!.id, START + HOUR]]));
      expect((await store.findForAccess(seen!.id))!.session.lastActivity).toEqual(at(HOUR));
      await revoke(ended!);
      expect((await store.findForAccess(ended!.id))!.revoked).toBe(true);
      await revokeAll(owner, spared!.id);
      for (const { id } of [row!, away!, seen!]) expect((await store.findForAccess(id))!.revoked).toBe(true);
      expect((await store.findForAccess(spared!.id))!.revoked).toBe(false);
    });

    it('names those that it ended with all, each once', async () => {
      const rows = [await created(), await created(), await created()];
      await revoke(rows[0]!);
      const end = () =>
        under.transaction((tx) =>
          store.revokeAll(tx, { ...owner, exceptId: rows[1]!.id, reason: 'logout', now: at(SECOND) }),
        );
      expect([await end(), await end()]).toEqual([[rows[2]!.id], []]);
    });

    it('purges what is over, in batches, and nothing else', async () => {
      await store.purgeExpired(at(MINUTE), 1_000);
      const over = [
        await created({ expiresAt: at(MINUTE) }),
        await created({ expiresAt: at(MINUTE) }),
        await created({ expiresAt: at(HOUR) }),
      ];
      const live = await created({ expiresAt: at(HOUR + 1) });
      expect(await store.purgeExpired(at(MINUTE), 1_000)).toBe(2);
      expect(await store.purgeExpired(at(HOUR), 0)).toBe(0);
      expect([await store.purgeExpired(at(HOUR), 1), await store.purgeExpired(at(HOUR), 1)]).toEqual([1, 0]);
      for (const { id } of over) expect(await store.findForAccess(id)).toBeNull();
      expect(await store.findForAccess(live.id)).not.toBeNull();
    });
  });
}
