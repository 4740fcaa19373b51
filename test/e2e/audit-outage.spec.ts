import { AUDIT_BUFFER, AuditRecorder } from '../../src/audit/audit-recorder';
import { AuditReader } from '../../src/audit/audit-reader.store';
import { EventLog } from '../../src/common/event-log';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { until } from '../support/until';
import { Service } from './service';

const EVENTS = 1_200;

describe('while the database is away', () => {
  let database: TestDatabase;
  const service = new Service({ settings: { 'audit.seal_every': '1h' } });

  beforeEach(async () => {
    database = await createTestDatabase();
    await service.start({ database });
  });

  afterEach(async () => {
    await service.stop();
    await database.drop();
  });

  const count = (event: string): Promise<number> =>
    withClient(database.url, async (client) => {
      const { rows } = await client.query<{ n: number }>(
        'SELECT count(*)::integer AS n FROM audit_events WHERE event = $1',
        [event],
      );
      return rows[0]?.n ?? 0;
    });

  async function away<T>(work: () => Promise<T>): Promise<T> {
    const url = new URL(database.url);
    url.pathname = '/postgres';
    return withClient(url.href, async (admin) => {
      await admin.query(`ALTER DATABASE ${database.name} WITH ALLOW_CONNECTIONS false`);
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database.name]);
      const result = await work();
      await admin.query(`ALTER DATABASE ${database.name} WITH ALLOW_CONNECTIONS true`);
      return result;
    });
  }

  function happen(times: number): void {
    for (let i = 0; i < times; i += 1) service.app.provider(EventLog).record('client_refused', { reason: `no ${i}` });
  }

  it('nothing is lost that fits into memory, and nothing is kept twice', async () => {
    const recorder = service.app.provider(AuditRecorder);
    await away(async () => {
      happen(EVENTS);
      await recorder.flush();
      expect(recorder.pending).toBeGreaterThanOrEqual(EVENTS);
    });
    await until('all is written', () => recorder.pending === 0);
    expect(await count('client_refused')).toBe(EVENTS);
    expect(service.app.logged('audit_events_lost')).toEqual([]);
  });

  it('what does not fit is counted, logged, and told in the trail itself', async () => {
    const recorder = service.app.provider(AuditRecorder);
    await recorder.flush();
    await away(async () => {
      happen(AUDIT_BUFFER + 7);
      await recorder.flush();
    });
    await until('all is written', () => recorder.pending === 0);
    await until('the loss is told', () => service.app.logged('audit_events_lost').length === 2);
    expect(service.app.logged('audit_events_lost').map(({ reason, count: lost }) => [reason, lost])).toEqual([
      ['memory_full', undefined],
      [undefined, 7],
    ]);
    await recorder.flush();
    expect(await count('client_refused')).toBe(AUDIT_BUFFER);
    const page = await service.app
      .provider(AuditReader)
      .page('platform', { events: ['audit_events_lost'] }, { limit: 5 });
    expect(page?.events).toEqual([expect.objectContaining({ outcome: 'failure' })]);
    expect(page?.events[0]?.details).toMatchObject({ count: 7 });
  });

  it('a row that the database refuses holds up no other, and is counted', async () => {
    await withClient(database.url, (client) =>
      client.query(`ALTER TABLE audit_events ADD CONSTRAINT odd CHECK (reason <> 'no 3')`),
    );
    happen(6);
    const recorder = service.app.provider(AuditRecorder);
    await recorder.flush();
    await recorder.flush();
    expect(await count('client_refused')).toBe(5);
    expect(await count('audit_events_lost')).toBe(1);
  });

  it('and what is in memory when the service stops is written', async () => {
    happen(EVENTS);
    await service.stop();
    expect(await count('client_refused')).toBe(EVENTS);
    await service.start({ database });
  });
});
