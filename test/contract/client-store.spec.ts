import { randomUUID } from 'node:crypto';
import { ClientEnding } from '../../src/clients/client-ending';
import { ClientRegistry } from '../../src/clients/client-registry';
import { formatClientSecret, hashOfClientSecret, newClientSecret } from '../../src/clients/client-secret';
import { ClientVerifier } from '../../src/clients/client-verifier';
import { ClientStore } from '../../src/clients/client.store';
import { EventLog } from '../../src/common/event-log';
import { createLogger } from '../../src/common/logger';
import { PostgresPush } from '../../src/revocation/postgres-push';
import { RevocationFeed } from '../../src/revocation/revocation-feed';
import { RevocationMirror } from '@latchkey/nest';
import { RevocationStore } from '../../src/revocation/revocation.store';
import { openDatabaseContext, type DatabaseContext } from '../support/database-context';
import { ControlledClock } from '../support/identity-services';
import { createTestDatabase, type TestDatabase } from '../support/test-database';

const HOUR = 3_600_000;
const TENANT = { name: 'test_tenant', text: `INSERT INTO tenants (id, slug, name) VALUES ($1, $2, 'Test')` };

describe('clients', () => {
  let testDatabase: TestDatabase;
  let context: DatabaseContext;
  let store: ClientStore;
  let registry: ClientRegistry;
  let verifier: ClientVerifier;
  let mirror: RevocationMirror;
  const clock = new ControlledClock(Date.now());

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    context = await openDatabaseContext({ url: testDatabase.url });
    const events = new EventLog(createLogger('silent'));
    const revocations = new RevocationStore(context.background);
    mirror = new RevocationMirror();
    const feed = new RevocationFeed(
      revocations,
      mirror,
      clock,
      events,
      new PostgresPush(revocations, context.openFeedConnection),
    );
    store = new ClientStore(context.database);
    const ending = new ClientEnding(store, revocations, feed, clock);
    registry = new ClientRegistry(store, ending, context.database, events, clock);
    verifier = new ClientVerifier(store, clock, events);
  });

  afterAll(async () => {
    await context.close();
    await testDatabase.drop();
  });

  async function tenant(): Promise<string> {
    const id = randomUUID();
    await context.database.rows(TENANT, [id, id]);
    return id;
  }

  async function client(difference: Partial<Parameters<ClientRegistry['create']>[0]> = {}) {
    const tenants = difference.tenants ?? [await tenant()];
    const made = await registry.create({ name: randomUUID().slice(1), audiences: ['api'], ...difference, tenants });
    return { ...made, tenants };
  }

  const refused = { code: 'invalid_client', message: 'The client could not be authenticated' };

  it('are proven by their secret, and say what they are bound to', async () => {
    const { id, secret, tenants } = await client({ name: 'orders', audiences: ['api', 'other'] });
    expect(await verifier.verify(id, secret)).toEqual({ id, name: 'orders', tenants, audiences: ['api', 'other'] });
    expect(await verifier.verify(id.toUpperCase(), secret)).toMatchObject({ id });
  });

  it('are refused alike when they are unknown, wrong or disabled', async () => {
    const [one, other] = [await client(), await client()];
    await registry.disable(other.id);
    const attempts: [string, string][] = [
      [one.id, other.secret],
      [one.id, newClientSecret().text],
      [other.id, other.secret],
      [randomUUID(), one.secret],
      ['orders-service', one.secret],
      ["' OR 1=1 --", one.secret],
      ['\u0000', one.secret],
      [one.id, ''],
      [one.id, 'lk_cs_'],
      [one.id, one.secret.slice(0, -1)],
      [one.id, `${one.secret}0`],
      [one.id, one.secret.replace('lk_cs_', 'lk_at_')],
    ];
    for (const [id, secret] of attempts) await expect(verifier.verify(id, secret)).rejects.toMatchObject(refused);
    expect(await verifier.verify(one.id, one.secret)).toMatchObject({ id: one.id });
  });

  it('cost the same read when they are unknown as when the secret is wrong', async () => {
    const { id } = await client();
    const asked: unknown[] = [];
    const watched = new ClientStore({
      ...context.database,
      first: (statement: { name: string }, values: unknown[]) => {
        asked.push([statement.name, values.length]);
        return context.database.first(statement as never, values);
      },
    } as never);
    const verify = new ClientVerifier(watched, clock, new EventLog(createLogger('silent')));
    for (const each of [id, randomUUID()]) {
      await expect(verify.verify(each, newClientSecret().text)).rejects.toMatchObject(refused);
    }
    expect(asked).toEqual([
      ['client_find_credentials', 2],
      ['client_find_credentials', 2],
    ]);
  });

  it('have secrets with 256 bits and a checksum, of which only a hash is kept', async () => {
    const { id, secret } = await client();
    expect(secret).toMatch(/^lk_cs_[0-9A-Za-z]{49}$/);
    const { hashes } = (await store.findCredentials(id, clock.date()))!;
    expect(hashes).toEqual([hashOfClientSecret(secret)]);
    const bytes = Buffer.alloc(32, 7);
    expect(hashOfClientSecret(formatClientSecret(bytes))).not.toBeNull();
    for (let i = 6; i < secret.length; i += 1) {
      const changed = secret.slice(0, i) + (secret[i] === 'A' ? 'B' : 'A') + secret.slice(i + 1);
      expect(hashOfClientSecret(changed)).toBeNull();
    }
  });

  it('have two good secrets while one takes over from the other, and then one', async () => {
    const { id, secret } = await client();
    const next = await registry.rotate(id, 24 * HOUR);
    for (const good of [secret, next]) expect(await verifier.verify(id, good)).toMatchObject({ id });
    clock.move(24 * HOUR - 1);
    expect(await verifier.verify(id, secret)).toMatchObject({ id });
    clock.move(1);
    await expect(verifier.verify(id, secret)).rejects.toMatchObject(refused);
    expect(await verifier.verify(id, next)).toMatchObject({ id });
    expect(await registry.rotate(id, HOUR)).not.toBe(next);
  });

  it('are rotated once however many rotate at once: a third secret would end the one in use', async () => {
    const { id, secret } = await client();
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => registry.rotate(id, HOUR)));
    const done = attempts.filter((attempt) => attempt.status === 'fulfilled');
    expect(done).toHaveLength(1);
    for (const { status, ...rest } of attempts) {
      if (status === 'rejected') expect((rest as { reason: unknown }).reason).toMatchObject({ code: 'conflict' });
    }
    expect(await verifier.verify(id, secret)).toMatchObject({ id });
    expect(await verifier.verify(id, done[0]!.value)).toMatchObject({ id });
    expect((await store.find(id, clock.date()))!.secrets).toHaveLength(2);
  });

  it('have one good secret after a rotation at once, however many rotate at once', async () => {
    const { id, secret } = await client();
    const older = await registry.rotate(id, HOUR);
    const fresh = await Promise.all(Array.from({ length: 8 }, () => registry.rotateNow(id)));
    const good = [];
    for (const each of [secret, older, ...fresh]) {
      const proven = await verifier.verify(id, each).catch(() => null);
      if (proven) good.push(each);
    }
    expect(good).toHaveLength(1);
    expect(fresh).toContain(good[0]);
  });

  it('get tokens for their own tenants alone, and none while they are disabled', async () => {
    const [own, foreign] = [await tenant(), await tenant()];
    const { id } = await client({ tenants: [own] });
    expect(await store.findGrant(id, own)).toMatchObject({ generations: { user: 0 } });
    for (const other of [foreign, randomUUID(), 'nonsense']) expect(await store.findGrant(id, other)).toBeNull();
    const everywhere = await client({ tenants: 'all' });
    expect(await store.findGrant(everywhere.id, foreign)).not.toBeNull();
    expect(await store.findGrant(everywhere.id, randomUUID())).toBeNull();
    await registry.disable(id);
    expect(await store.findGrant(id, own)).toBeNull();
    await registry.enable(id);
    expect(await store.findGrant(id, own)).toMatchObject({ generations: { user: 1 } });
  });

  it.each(['disable', 'delete', 'rotateNow'] as const)(
    'end what was issued to them, in every tenant: %s',
    async (end) => {
      const [own, foreign] = [await tenant(), await tenant()];
      for (const tenants of [[own], 'all'] as const) {
        const { id } = await client({ tenants });
        const token = (tenantId: string, user = 0) => ({
          tenantId,
          userId: id,
          sessionId: randomUUID(),
          generations: { global: 0, tenant: 0, user },
        });
        await registry[end](id);
        expect(mirror.verdict(token(own))).toBe('revoked');
        expect(mirror.verdict(token(foreign))).toBe(tenants === 'all' ? 'revoked' : 'valid');
        expect(mirror.verdict(token(own, 1))).toBe('valid');
      }
    },
  );

  it('are not there when they are not: every change says so', async () => {
    for (const id of [randomUUID()]) {
      for (const change of ['disable', 'enable', 'delete', 'rotateNow'] as const) {
        await expect(registry[change](id)).rejects.toMatchObject({ code: 'not_found' });
      }
      await expect(registry.rotate(id, HOUR)).rejects.toMatchObject({ code: 'not_found' });
      expect(await store.find(id, clock.date())).toBeNull();
    }
    const { id, secret } = await client();
    await registry.delete(id);
    await expect(verifier.verify(id, secret)).rejects.toMatchObject(refused);
    await expect(registry.delete(id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('have names of their own, also when two are made at once', async () => {
    const made = await Promise.allSettled(Array.from({ length: 6 }, () => client({ name: 'twin', tenants: 'all' })));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of made) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'conflict' });
    expect((await store.list(clock.date())).filter(({ name }) => name === 'twin')).toHaveLength(1);
  });

  it.each([
    ['no name', { name: '' }],
    ['a name that looks like an id', { name: randomUUID() }],
    ['a name with control characters', { name: 'a\u001bb' }],
    ['no tenant', { tenants: [] }],
    ['a tenant that is no UUID', { tenants: ['default'] }],
    ['no audience', { audiences: [] }],
    ['an audience with blanks', { audiences: ['a b'] }],
  ])('are not made with %s', async (_, difference) => {
    await expect(client(difference)).rejects.toMatchObject({ code: 'validation_failed' });
  });
});
