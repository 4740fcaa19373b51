import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { ConnectionWatch } from '@latchkey/nest';
import { openStream } from '../support/live-stream';
import { adapterOf, LoungeModule } from '../support/lounge.module';
import { PROFILES } from '../support/profiles';
import { connectWs, SOCKET_KINDS } from '../support/socket-client';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { createTestDatabase, type TestDatabase } from '../support/test-database';
import { timeLimit } from '../support/time-limit';
import { until } from '../support/until';
import { Service, useService } from './service';

const EVERY_WAY = PROFILES.flatMap((profile) => SOCKET_KINDS.map((socket) => ({ ...profile, ...socket })));

describe.each(EVERY_WAY)('connections that last, $kind, $name', ({ settings, kind, connect }) => {
  // Longer than a test: whatever waits for the end of that time is told from what is slow.
  const patient = { ...settings, 'server.shutdown_timeout': '2m' };
  const service = useService({ settings: patient, extend: [LoungeModule.of(kind)], prepare: adapterOf(kind) });

  async function opened() {
    const who = await service.signedIn();
    const { url } = service.app;
    const socket = await connect(url, 'lounge', { token: who.grant.access_token });
    const stream = await openStream(`${url}/lounge/events`, who.grant.access_token);
    const anonymous = await connect(url, 'foyer', {});
    await until('events arrive', () => stream.events.length > 1);
    return { who, socket, stream, anonymous };
  }

  it('leave nothing behind when their clients go', async () => {
    const watch = service.app.provider(ConnectionWatch);
    const { socket, stream, anonymous } = await opened();
    expect(watch.size).toBe(3);
    for (const each of [socket, stream, anonymous]) each.close();
    await until('nobody is left', () => watch.size === 0);
  });

  it('end in order when the process stops: 1001, streams without a last word', async () => {
    const { socket, stream, anonymous } = await opened();
    const begun = performance.now();
    await service.stop();
    expect(performance.now() - begun).toBeLessThan(timeLimit(4_000));
    for (const each of [socket, anonymous]) {
      expect(await each.ended).toEqual({ status: kind === 'ws' ? 1001 : null, code: '' });
    }
    await stream.ended;
    expect(stream.events.every(({ type }) => type === 'message')).toBe(true);
    await service.start();
  });

  it('do not keep the process from stopping, even when a peer answers nothing', async () => {
    const { socket, stream } = await opened();
    socket.pause();
    const begun = performance.now();
    await service.stop();
    expect(performance.now() - begun).toBeLessThan(timeLimit(6_000));
    socket.resume();
    await socket.ended;
    await stream.ended;
    await service.start();
  });
});

describe('a handshake whose head was under way when the process began to stop', () => {
  const service = useService({ extend: [LoungeModule.of('ws')], prepare: adapterOf('ws') });

  it('is answered 503, like any request', async () => {
    const { grant } = await service.signedIn();
    const wire = connect(Number(new URL(service.app.url).port), '127.0.0.1');
    let answer = '';
    wire.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    const over = once(wire, 'close');
    wire.write(`GET /lounge HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${grant.access_token}\r\n`);
    await setTimeout(50);
    const stopped = service.stop();
    await until('no more connections are taken', () => refusesConnections(service.app.url));
    const rest = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
    wire.write(`${rest.join('\r\n')}\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`);
    await over;
    await stopped;
    const [head, body] = answer.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 503 /);
    expect(head).toMatch(/^content-type: application\/problem\+json/im);
    expect(head).toMatch(/^retry-after: 1$/im);
    expect(JSON.parse(body as string)).toMatchObject({ status: 503, code: 'unavailable', retry_after: 1 });
    await service.start();
  });
});

function refusesConnections(url: string): Promise<boolean> {
  const probe = connect(Number(new URL(url).port), '127.0.0.1');
  return new Promise<boolean>((resolve) => {
    probe.once('connect', () => resolve(false)).once('error', () => resolve(true));
  }).finally(() => probe.destroy());
}

describe.each(PROFILES)('connections while the feed is lost, $name', ({ settings, row }) => {
  const closed = { ...settings, 'auth.feed.on_loss': 'fail_closed' };
  const service = new Service({ settings: closed, extend: [LoungeModule.of('ws')], prepare: adapterOf('ws') });
  let database: TestDatabase;
  let proxy: TcpProxy;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await startTcpProxy(database.url);
    await service.start({ database: { ...database, url: proxy.url } });
  });

  afterAll(async () => {
    await service.stop();
    await proxy.close();
    await database.drop();
  });

  it('are held to the policy of guarded requests', async () => {
    const { grant } = await service.signedIn();
    const { url } = service.app;
    const socket = await connectWs(url, 'lounge', { token: grant.access_token });
    const stream = await openStream(`${url}/lounge/events`, grant.access_token);
    const anonymous = await connectWs(url, 'foyer', {});
    proxy.cut();
    if (row.revoke_all_sessions) {
      expect(await socket.ended).toEqual({ status: 4503, code: 'unavailable' });
      await stream.ended;
      expect(stream.events.at(-1)).toEqual({ type: 'revoked', data: '{"code":"unavailable"}' });
      const refused = connectWs(url, 'lounge', { token: grant.access_token });
      await expect(refused).rejects.toMatchObject({ status: 503, code: 'unavailable' });
    } else {
      expect(await socket.ask('say', 'nobody asks the feed')).toMatchObject({ event: 'say' });
    }
    expect(anonymous.isOpen).toBe(true);
    for (const each of [socket, stream, anonymous]) each.close();
  });
});
