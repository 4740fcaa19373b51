import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { AuditRecorder } from '../../src/audit/audit-recorder';
import { pauseAfter, WebhookCourier } from '../../src/audit/webhook-courier';
import { WebhookDeliveryStore, type ListedDelivery } from '../../src/audit/webhook-delivery.store';
import { DAY, HOUR, MINUTE } from '../support/test-app';
import { createTestDatabase, withClient, type TestDatabase } from '../support/test-database';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';
import { WebhookReceiver, type ReceivedMessage } from '../support/webhook-receiver';
import { Service } from './service';

interface Message {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly id: string; readonly tenant_id: string | null; readonly user_id: string | null };
}

interface Hook {
  readonly url: string;
  readonly secret: string;
  readonly events?: readonly string[];
  readonly tenant?: string;
}

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const messageOf = ({ body }: ReceivedMessage): Message => JSON.parse(body) as Message;

describe('webhooks', () => {
  let database: TestDatabase;
  let service: Service;
  let receiver: WebhookReceiver;

  beforeEach(async () => {
    database = await createTestDatabase();
    receiver = await WebhookReceiver.start();
  });

  afterEach(async () => {
    await service.stop();
    await receiver.stop();
    await database.drop();
  });

  async function start(hooks: readonly Hook[]): Promise<void> {
    service = new Service({ settings: { 'audit.webhooks': JSON.stringify(hooks), 'audit.seal_every': '1h' } });
    await service.start({ database });
  }

  /** What was recorded is on its way. */
  async function flushed(): Promise<void> {
    await service.app.provider(AuditRecorder).flush();
    service.app.provider(WebhookCourier).look();
  }

  const deliveries = (state: string): Promise<ListedDelivery[]> =>
    service.app.provider(WebhookDeliveryStore).list(state, 100);

  it('tell a receiver of what it asked for, signed as Standard Webhooks says', async () => {
    const secret = newSecret();
    await start([{ url: receiver.url(), secret, events: ['login_succeeded'] }]);
    const { person, sessionId } = await service.signedIn();
    await flushed();
    await until('the login was told', () => receiver.received.length > 0);
    const [message] = receiver.received as [ReceivedMessage];
    const verified = new Webhook(secret).verify(message.body, message.headers as Record<string, string>) as Message;
    expect(verified).toMatchObject({
      type: 'login_succeeded',
      data: { user_id: person.userId, session_id: sessionId, ip_address: '127.0.0.1' },
    });
    expect(message.headers['webhook-id']).toBe(`msg_${verified.data.id}`);
    expect(() => new Webhook(newSecret()).verify(message.body, message.headers as Record<string, string>)).toThrow();
    await until('it is settled', async () => (await deliveries('delivered')).length === 1);
    expect(receiver.received).toHaveLength(1);
  });

  it('tell a tenant only of its own', async () => {
    await start([]);
    const [one, other] = [await service.tenant(), await service.tenant()];
    await service.stop();
    const urls = { one: receiver.url('/one'), other: receiver.url('/other'), all: receiver.url('/all') };
    await start([
      { url: urls.one, secret: newSecret(), tenant: one.id },
      { url: urls.other, secret: newSecret(), tenant: other.id },
      { url: urls.all, secret: newSecret() },
    ]);
    for (const { id: tenantId } of [one, other]) await service.person({ tenantId });
    await flushed();
    await until('all are told', () => receiver.received.length >= 4);
    const tenantsAt = (path: string): (string | null)[] =>
      receiver.received.filter((message) => message.path === path).map((message) => messageOf(message).data.tenant_id);
    expect(tenantsAt('/one')).toEqual([one.id]);
    expect(tenantsAt('/other')).toEqual([other.id]);
    expect(tenantsAt('/all')).toEqual(expect.arrayContaining([one.id, other.id]));
  });

  it('are tried again under the same id, and given up after a day', async () => {
    await start([{ url: receiver.url(), secret: newSecret(), events: ['user_changed'] }]);
    receiver.answering = (response) => void response.writeHead(500).end('x'.repeat(100_000));
    await service.person();
    await flushed();
    await until('it was refused', async () => (await deliveries('pending'))[0]?.last_status === 500);
    service.clock.advance(MINUTE);
    await flushed();
    await until('it was refused again', () => receiver.received.length === 2);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    await until('it waits', async () => (await deliveries('pending'))[0]?.attempts === 2);
    service.clock.advance(DAY);
    await flushed();
    await until('it is given up', async () => (await deliveries('dead')).length === 1);
    expect(service.app.logged('webhook_failed')).toHaveLength(1);
    receiver.answering = (response) => void response.writeHead(200).end();
    expect(await service.app.provider(WebhookDeliveryStore).retry(null, service.clock.date())).toBe(1);
    await flushed();
    await until('it arrived', async () => (await deliveries('delivered')).length === 1);
  });

  it('follow no redirect, and survive an answer that never ends', async () => {
    const elsewhere = await WebhookReceiver.start();
    const [moved, endless, fast] = [receiver.url('/moved'), receiver.url('/endless'), receiver.url('/fast')];
    await start([moved, endless, fast].map((url) => ({ url, secret: newSecret(), events: ['user_changed'] })));
    receiver.answering = (response, { path }) => {
      if (path === '/moved') response.writeHead(307, { location: elsewhere.url() }).end();
      else if (path === '/endless') response.writeHead(200).write('and so on');
      else response.writeHead(204).end();
    };
    await service.person();
    await flushed();
    await until('two arrived', async () => (await deliveries('delivered')).length === 2);
    await until('one was refused', async () => (await deliveries('pending'))[0]?.last_status === 307);
    expect(elsewhere.received).toEqual([]);
    await elsewhere.stop();
  });

  it('are not held up by a receiver that does not answer', async () => {
    await start([receiver.url('/silent'), receiver.url('/fast')].map((url) => ({ url, secret: newSecret() })));
    receiver.answering = (response, { path }) => {
      if (path === '/fast') response.writeHead(204).end();
    };
    for (let i = 0; i < 12; i += 1) await service.person();
    await flushed();
    const told = (path: string): number => receiver.received.filter((message) => message.path === path).length;
    await until('the fast one was told of all', () => told('/fast') >= 12, { within: timeLimit(5_000) });
    expect(told('/silent')).toBeLessThanOrEqual(5);
  });

  it('are sent once, however many processes look', async () => {
    const hooks = [{ url: receiver.url(), secret: newSecret(), events: ['user_changed'] }];
    await start(hooks);
    const other = new Service({ settings: { 'audit.webhooks': JSON.stringify(hooks) } });
    await other.start({ database });
    for (let i = 0; i < 20; i += 1) await service.person();
    await service.app.provider(AuditRecorder).flush();
    for (const one of [service, other]) one.app.provider(WebhookCourier).look();
    await until('all are told', async () => (await deliveries('delivered')).length === 20);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).toEqual([20, 20]);
    await other.stop();
  });

  it('keep neither the address nor the secret of a receiver in the database, and forget what is over', async () => {
    const secret = newSecret();
    await start([{ url: receiver.url('/a-path-that-nobody-knows'), secret }]);
    await service.person();
    await flushed();
    await until('it arrived', async () => (await deliveries('delivered')).length > 0);
    const rows = await withClient(database.url, async (client) => {
      return JSON.stringify((await client.query('SELECT * FROM webhook_deliveries')).rows);
    });
    expect(rows).not.toContain('nobody-knows');
    expect(rows).not.toContain(secret.slice(6));
    const store = service.app.provider(WebhookDeliveryStore);
    expect(await store.purgeExpired(service.clock.date(), 100)).toBe(0);
    expect(await store.purgeExpired(new Date(service.clock.now() + 8 * DAY), 100)).toBeGreaterThan(0);
    expect(await deliveries('delivered')).toEqual([]);
  });
});

describe('the pause between attempts', () => {
  it('doubles from seconds to hours, and is never the same for all', () => {
    for (const [attempt, longest] of [
      [1, 5_000],
      [2, 10_000],
      [5, 80_000],
      [14, 4 * HOUR],
      [500, 4 * HOUR],
    ] as const) {
      const pauses = Array.from({ length: 50 }, () => pauseAfter(attempt));
      expect(Math.max(...pauses)).toBeLessThanOrEqual(longest);
      expect(Math.min(...pauses)).toBeGreaterThanOrEqual(longest / 2);
      expect(new Set(pauses).size).toBeGreaterThan(10);
    }
  });
});
