import { AuditPartitionsJob } from '../../src/audit/audit-partitions.job';
import { AuditReader, type AuditFilter } from '../../src/audit/audit-reader.store';
import { AuditRecorder } from '../../src/audit/audit-recorder';
import type { AuditRow } from '../../src/audit/audit-entry';
import { AuditTrail } from '../../src/audit/audit-trail';
import { Database } from '../../src/database/database';
import { PROFILES } from '../support/profiles';
import { withClient } from '../support/test-database';
import { useService, type Service } from './service';

const AGENT = { 'user-agent': 'audit-spec/1.0' };

async function kept(service: Service, filter: AuditFilter): Promise<AuditRow[]> {
  await service.app.provider(AuditRecorder).flush();
  const page = await service.app.provider(AuditReader).page('platform', filter, { limit: 100, oldestFirst: true });
  return page?.events ?? [];
}

describe.each(PROFILES)('what is kept of a login, $name', ({ settings, row }) => {
  const service = useService({ settings });

  it('says who, what, to whom, from where and in which request', async () => {
    const person = await service.person();
    const { userId, tenantId } = person;
    const { headers } = await service.login(person, {}, { headers: AGENT });
    await service.login(person, { password: 'wrong' });
    const user = { kind: 'user', id: userId };
    const [created, succeeded, failed] = await kept(service, { userId });
    expect(created).toMatchObject({ event: 'user_changed', details: { kind: 'created' }, targetId: userId });
    expect(succeeded).toMatchObject({
      ...{ event: 'login_succeeded', outcome: 'success', tenantId, userId },
      ...{ actorKind: user.kind, actorId: user.id, targetKind: user.kind, targetId: user.id },
      ...{ ipAddress: '127.0.0.1', userAgent: 'audit-spec/1.0', requestId: headers.get('x-request-id') },
    });
    expect(succeeded?.sessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(failed).toMatchObject({
      ...{ event: 'login_failed', outcome: 'failure', ipAddress: '127.0.0.1', userId },
      requestId: expect.stringMatching(/./) as string,
    });
  });

  it('follows it through refresh, reuse, logout, revocation and a change of the account', async () => {
    const { person, grant } = await service.signedIn();
    const { userId, tenantId } = person;
    const next = await service.refresh(grant.refresh_token);
    await service.refresh(next.body.refresh_token);
    await service.refresh(grant.refresh_token);
    const leaving = await service.signedIn(person);
    const { headers } = await service.http.post('/auth/logout', { token: leaving.grant.access_token });
    await service.changes.disable({ tenantId, userId });
    const events = await kept(service, { userId });
    const names = events.map(({ event }) => event);
    expect(names).toEqual(expect.arrayContaining(['login_succeeded', 'login_refreshed', 'logged_out', 'user_changed']));
    expect(events.find(({ event }) => event === 'logged_out')).toMatchObject({
      ...{ requestId: headers.get('x-request-id'), actorKind: 'user', actorId: userId },
    });
    if (row.revoke_session) {
      expect(events).toContainEqual(expect.objectContaining({ event: 'refresh_reused', outcome: 'denied' }));
      expect(events).toContainEqual(
        expect.objectContaining({ event: 'session_revoked', reason: 'refresh_token_reused' }),
      );
    }
    const disabled = { event: 'session_revoked', reason: 'account_disabled', tenantId };
    expect(events).toContainEqual(expect.objectContaining(disabled));
  });
});

describe('the trail', () => {
  const service = useService();

  it('keeps strings that look like log lines or commands as one value each', async () => {
    const injected = 'x\r\n{"level":"fatal"}\u001b[2J\'); DROP TABLE audit_events; --';
    const trail = service.app.provider(AuditTrail);
    const entry = {
      event: 'test_event',
      outcome: 'success',
      reason: injected,
      details: { note: `${injected}\0` },
    } as const;
    const id = await service.app.provider(Database).transaction((tx) => trail.write(tx, entry));
    const [row] = await kept(service, { events: ['test_event'] });
    expect(row).toMatchObject({ id, reason: injected, details: { note: `${injected}\ufffd` } });
  });

  it('keeps nothing that has the shape of a secret, and bounds what it keeps', async () => {
    const { person, grant } = await service.signedIn();
    await service.login(
      person,
      {},
      { headers: { 'user-agent': `curl Bearer ${grant.access_token} ${'x'.repeat(900)}` } },
    );
    const rows = await kept(service, { userId: person.userId });
    expect(JSON.stringify(rows)).not.toContain(grant.access_token.slice(10));
    expect(Math.max(...rows.map(({ userAgent }) => userAgent?.length ?? 0))).toBeLessThanOrEqual(512);
    const trail = service.app.provider(AuditTrail);
    const large = {
      event: 'large_event',
      outcome: 'success',
      details: { text: Array<string>(50).fill('y'.repeat(500)) },
    } as const;
    await service.app.provider(Database).transaction((tx) => trail.write(tx, large));
    expect((await kept(service, { events: ['large_event'] }))[0]?.details).toEqual({ truncated: true });
  });

  it('keeps an entry with its transaction, or not at all', async () => {
    const trail = service.app.provider(AuditTrail);
    const entry = { event: 'undone_event', outcome: 'success' } as const;
    const undone = service.app.provider(Database).transaction(async (tx) => {
      await trail.write(tx, entry);
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    expect(await kept(service, { events: ['undone_event'] })).toEqual([]);
  });

  it.each(['UPDATE audit_events SET event = event', 'DELETE FROM audit_events', 'TRUNCATE audit_events'])(
    'refuses %s, also of one month',
    async (statement) => {
      await service.signedIn();
      await service.app.provider(AuditRecorder).flush();
      const month = `audit_events_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;
      for (const table of ['audit_events', month]) {
        const attempt = withClient(service.app.database.url, (client) =>
          client.query(statement.replace('audit_events', table)),
        );
        await expect(attempt).rejects.toMatchObject({ code: '42501' });
      }
    },
  );

  it('shows a tenant its own events alone, page by page', async () => {
    const [one, other] = [await service.tenant(), await service.tenant()];
    for (let i = 0; i < 5; i += 1) await service.person({ tenantId: one.id });
    await service.person({ tenantId: other.id });
    await service.app.provider(AuditRecorder).flush();
    const reader = service.app.provider(AuditReader);
    const seen: AuditRow[] = [];
    for (let cursor: string | null = null, first = true; first || cursor; first = false) {
      const page = await reader.page({ tenantId: one.id }, {}, { limit: 2, cursor });
      seen.push(...(page?.events ?? []));
      cursor = page?.next ?? null;
    }
    expect(seen).toHaveLength(5);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(5);
    expect(seen.every(({ tenantId }) => tenantId === one.id)).toBe(true);
    const [foreign] = (await reader.page({ tenantId: other.id }, {}, { limit: 1 }))?.events ?? [];
    const { userId } = foreign as AuditRow;
    expect((await reader.page({ tenantId: one.id }, { userId: userId! }, { limit: 9 }))?.events).toEqual([]);
    expect(await reader.page('platform', {}, { limit: 9, cursor: 'nonsense' })).toBeNull();
  });

  it('has partitions for the coming months; a month without one loses nothing and is given one', async () => {
    const months = (): Promise<string[]> =>
      withClient(service.app.database.url, async (client) => {
        const { rows } = await client.query<{ relname: string }>(
          `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE inhparent = 'audit_events'::regclass`,
        );
        return rows.map(({ relname }) => relname).sort();
      });
    const count = (table: string): Promise<number> =>
      withClient(service.app.database.url, async (client) => {
        const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
        return rows[0]?.n ?? -1;
      });
    expect(await months()).toHaveLength(5);
    service.clock.advance(200 * 86_400_000);
    const { userId } = await service.person();
    expect(await kept(service, { userId })).toHaveLength(1);
    expect(await count('audit_events_default')).toBeGreaterThan(0);
    await service.app.provider(AuditPartitionsJob).run();
    expect(await count('audit_events_default')).toBe(0);
    expect(await kept(service, { userId })).toHaveLength(1);
    expect((await months()).length).toBeGreaterThan(7);
  });
});
