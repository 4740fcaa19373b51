import { AuditChainStore } from '../../src/audit/audit-chain.store';
import { AuditKeys } from '../../src/audit/audit-keys';
import { AuditPartitionsJob } from '../../src/audit/audit-partitions.job';
import { AuditRecorder } from '../../src/audit/audit-recorder';
import { headText, sealOf } from '../../src/audit/audit-seal';
import { AuditSealer } from '../../src/audit/audit-sealer';
import { AuditVerifier, type AuditVerdict } from '../../src/audit/audit-verifier';
import { sealEverything } from '../support/sealing';
import { DAY } from '../support/test-app';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { until } from '../support/until';
import { Service } from './service';

/** Long enough for no timer to seal what a test is about to change. */
const SETTINGS = { 'audit.seal_every': '1h' };

describe('the chain', () => {
  let database: TestDatabase;
  const service = new Service({ settings: SETTINGS });

  beforeAll(async () => {
    database = await createTestDatabase();
    await service.start({ database });
  });

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  const verify = (head?: string): Promise<AuditVerdict> => service.app.provider(AuditVerifier).verify(head);

  /** What a superuser does, whom no trigger stops. */
  const tamper = (sql: string): Promise<void> =>
    withClient(database.url, async (client) => {
      await client.query('SET session_replication_role = replica');
      await client.query(sql);
    });

  /** Some events below a seal of their own. */
  async function sealed(): Promise<void> {
    await service.person();
    await service.app.provider(AuditRecorder).flush();
    await sealEverything(service.app.provider(AuditSealer), database);
  }

  /** What was tampered with is put back, so that the next test begins with a whole chain. */
  const TABLES = ['audit_events', 'audit_seals', 'audit_chain'];
  const save = (): Promise<void> =>
    tamper(TABLES.map((table) => `CREATE TABLE saved_${table} AS TABLE ${table}`).join(';'));
  const restore = (): Promise<void> =>
    tamper(TABLES.map((table) => `TRUNCATE ${table}; INSERT INTO ${table} TABLE saved_${table}`).join(';'));

  async function threeSeals(): Promise<string> {
    for (let i = 0; i < 3; i += 1) await sealed();
    const verdict = await verify();
    expect(verdict).toMatchObject({ broken: null, unsealed: 0 });
    return verdict.head;
  }

  let head: string;

  it('holds over everything that happened, and what happens next', async () => {
    expect(await verify()).toMatchObject({ broken: null, seals: 0, events: 0 });
    head = await threeSeals();
    expect(head).toMatch(/^3:[0-9a-f]{64}$/);
    await service.person();
    await service.app.provider(AuditRecorder).flush();
    expect(await verify(head)).toMatchObject({ broken: null, seals: 3, unsealed: 1 });
    await save();
  });

  const SECOND_SEAL = `(SELECT id FROM audit_events e JOIN audit_seals s ON s.seq = 2 AND e.transaction_id >= s.from_transaction
                         AND e.transaction_id < s.to_transaction LIMIT 1)`;
  const COPY = `INSERT INTO audit_events SELECT gen_random_uuid(), occurred_at, 'login_succeeded', outcome, reason, tenant_id,
                  actor_kind, actor_id, target_kind, target_id, user_id, session_id, client_id, ip_address, user_agent,
                  request_id, details, key_id, mac, era`;

  it.each([
    ['an outcome is changed', `UPDATE audit_events SET outcome = 'denied' WHERE id = ${SECOND_SEAL}`, 'rows_changed'],
    [
      'a time is moved',
      `UPDATE audit_events SET occurred_at = occurred_at + interval '1 microsecond' WHERE id = ${SECOND_SEAL}`,
      'rows_changed',
    ],
    [
      'an address is removed',
      `UPDATE audit_events SET ip_address = '10.0.0.1' WHERE id = ${SECOND_SEAL}`,
      'rows_changed',
    ],
    ['an event is removed', `DELETE FROM audit_events WHERE id = ${SECOND_SEAL}`, 'rows_missing'],
    [
      'an event is put between others',
      `${COPY}, transaction_id FROM audit_events WHERE id = ${SECOND_SEAL}`,
      'rows_added',
    ],
    [
      'an event is moved to another time',
      `${COPY.replace('occurred_at,', "occurred_at - interval '1 year',")}, transaction_id FROM audit_events WHERE id = ${SECOND_SEAL}`,
      'rows_added',
    ],
    [
      'an event is added at the end',
      `${COPY} FROM audit_events WHERE id = ${SECOND_SEAL}`.replace(
        'key_id, mac, era FROM',
        'key_id, mac, era, pg_current_xact_id() FROM',
      ),
      'row_forged',
    ],
    ['a seal is removed', 'DELETE FROM audit_seals WHERE seq = 2', 'seal_missing'],
    ['a seal is changed', 'UPDATE audit_seals SET event_count = 0 WHERE seq = 2', 'seal_changed'],
    [
      'a seal and its events are removed',
      `DELETE FROM audit_events WHERE id = ${SECOND_SEAL}; DELETE FROM audit_seals WHERE seq = 2`,
      'seal_missing',
    ],
    ['the last seal is removed', 'DELETE FROM audit_seals WHERE seq = 3', 'end_missing'],
    [
      'the end is cut off and hidden',
      `DELETE FROM audit_seals WHERE seq = 3;
       UPDATE audit_chain SET seq = 2, hash = (SELECT hash FROM audit_seals WHERE seq = 2)`,
      'end_missing',
    ],
    [
      'a month is dropped',
      `TRUNCATE audit_events_${new Date().toISOString().slice(0, 7).replace('-', '_')}`,
      'rows_missing',
    ],
  ])('shows when %s', async (_, sql, kind) => {
    await tamper(sql);
    const { broken } = await verify();
    await restore();
    expect((await verify(head)).broken).toBeNull();
    expect(broken).toMatchObject({ kind });
    if (kind.startsWith('row') && kind !== 'row_forged') expect(['1', '2']).toContain(broken?.seal);
  });

  it('shows with an earlier head when everything was made anew, and to the process that sealed', async () => {
    await service.app.provider(AuditSealer).seal();
    await tamper(
      `TRUNCATE audit_events, audit_seals; UPDATE audit_chain SET seq = 0, hash = '', key_id = '', mac = ''`,
    );
    expect((await verify()).broken).toBeNull();
    expect((await verify(head)).broken).toMatchObject({ kind: 'head_unknown' });
    await service.app.provider(AuditSealer).seal();
    expect(service.app.logged('audit_tampered')).toHaveLength(1);
    await restore();
  });

  it('tells at once of rows that nobody of ours wrote', async () => {
    const before = service.app.logged('audit_tampered').length;
    await tamper(`${COPY}, pg_current_xact_id() FROM audit_events LIMIT 1`);
    await sealEverything(service.app.provider(AuditSealer), database);
    expect(service.app.logged('audit_tampered').slice(before)).toContainEqual(expect.objectContaining({ count: 1 }));
    expect((await verify()).broken).toMatchObject({ kind: 'row_forged' });
    await restore();
  });
});

describe('the chain of a fleet', () => {
  let database: TestDatabase;
  const service = new Service({ settings: SETTINGS });

  beforeEach(async () => {
    database = await createTestDatabase();
    await service.start({ database });
  });

  afterEach(async () => {
    await service.stop();
    await database.drop();
  });

  const verify = (): Promise<AuditVerdict> => service.app.provider(AuditVerifier).verify();

  async function sealed(): Promise<void> {
    await service.person();
    await service.app.provider(AuditRecorder).flush();
    await everythingSealed();
  }

  const everythingSealed = (): Promise<void> =>
    until('everything is sealed', async () => {
      await service.app.provider(AuditSealer).seal();
      return (await verify()).unsealed === 0;
    });

  it('is one chain, however many processes write and seal at once', async () => {
    const others = Array.from({ length: 3 }, () => new Service({ settings: SETTINGS }));
    for (const other of others) await other.start({ database });
    const all = [service, ...others];
    const busy = async (one: Service): Promise<void> => {
      for (let i = 0; i < 10; i += 1) {
        await one.person();
        await one.app.provider(AuditRecorder).flush();
        await one.app.provider(AuditSealer).seal();
      }
    };
    await Promise.all(all.map(busy));
    for (const other of others) await other.stop();
    await everythingSealed();
    const { events, ...verdict } = await verify();
    expect(verdict).toMatchObject({ broken: null, unsealed: 0 });
    // Forty accounts, and the key that the first process made.
    expect(events).toBe(41);
  });

  it('goes on to hold when months are dropped by age, and when a month moves into its partition', async () => {
    for (let i = 0; i < 3; i += 1) await sealed();
    service.clock.advance(200 * DAY);
    await sealed();
    await service.app.provider(AuditPartitionsJob).run();
    expect(await verify()).toMatchObject({ broken: null, dropped: 0 });
    service.clock.advance(300 * DAY);
    const ran = await service.app.provider(AuditPartitionsJob).run();
    expect(ran?.dropped.length).toBeGreaterThan(0);
    await sealed();
    const { dropped, ...verdict } = await verify();
    expect(verdict).toMatchObject({ broken: null, unsealed: 0 });
    expect(dropped).toBeGreaterThanOrEqual(3);
  });

  it('goes on to hold on another server, whose transactions begin anew', async () => {
    const far = '2000000000000000';
    for (let i = 0; i < 3; i += 1) await service.person();
    await service.app.provider(AuditRecorder).flush();
    await withClient(database.url, async (client) => {
      await client.query('SET session_replication_role = replica');
      await client.query(`UPDATE audit_events SET transaction_id = '1000000000000000'`);
      await client.query(
        `UPDATE audit_events SET transaction_id = $1 WHERE id = (SELECT id FROM audit_events LIMIT 1)`,
        [far],
      );
    });
    await sealUpTo(far);
    await service.stop();
    await service.start({ database });
    await sealed();
    const first = await verify();
    expect(first).toMatchObject({ broken: null, unsealed: 0 });
    await sealed();
    expect(await verify()).toMatchObject({ broken: null, unsealed: 0, events: first.events + 1 });
  });

  /** A seal as the server before made it. */
  async function sealUpTo(to: string): Promise<void> {
    const chain = service.app.provider(AuditChainStore);
    const keys = service.app.provider(AuditKeys);
    const range = { era: 1, from: '0', to };
    await chain.alone(async (tx, { hash: previousHash }) => {
      const rows = await chain.rowsIn(range, tx);
      const facts = { ...range, seq: '1', kind: 'events', previousHash, sealedAt: new Date() } as const;
      const seal = sealOf({ ...facts, month: rows[0]!.occurredAt.slice(0, 7), count: rows.length, rows }, keys);
      await chain.add(tx, seal);
      await chain.moveHead(tx, { ...seal, mac: keys.prove('head', headText(seal.seq, seal.hash)) });
    });
  }
});
