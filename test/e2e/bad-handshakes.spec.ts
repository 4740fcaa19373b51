import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { adapterOf, LoungeModule } from '../support/lounge.module';
import { SOCKET_KINDS } from '../support/socket-client';
import { useService } from './service';

const PATHS = { ws: '/lounge', 'socket.io': '/socket.io/?EIO=4&transport=websocket' } as const;

/** Nothing in them can be read as an address. */
const HOSTS = ['[', 'a:b:c', 'a b', '%'];

describe.each(SOCKET_KINDS)('handshakes that make no sense, $kind', ({ kind }) => {
  const service = useService({ extend: [LoungeModule.of(kind)], prepare: adapterOf(kind) });

  const handshake = (host: string, path: string = PATHS[kind]): string =>
    [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      '\r\n',
    ].join('\r\n');

  const port = (): number => Number(new URL(service.app.url).port);

  async function expectToSurviveResetsAfter(text: string): Promise<void> {
    for (const patience of [0, 1, 5, 20]) {
      const wire = connect(port(), '127.0.0.1').on('error', () => undefined);
      await once(wire, 'connect');
      wire.write(text);
      await pause(patience);
      wire.resetAndDestroy();
    }
    await pause(50);
    expect((await service.http.get('/health/live')).status).toBe(200);
  }

  it.each(HOSTS)('do not end the process when their client resets the connection: Host %j', (host) =>
    expectToSurviveResetsAfter(handshake(host)),
  );

  it.each(['/nowhere', '/', '//', '/socket.io'])('nor when they go nowhere: %s', (path) =>
    expectToSurviveResetsAfter(handshake('localhost', path)),
  );

  it('of the wrong path are closed, and the process goes on', async () => {
    await service.http.bytes(handshake('localhost', '/nowhere'));
    expect((await service.http.get('/health/live')).status).toBe(200);
  });
});

describe('a WebSocket handshake whose address cannot be read', () => {
  const service = useService({ extend: [LoungeModule.of('ws')], prepare: adapterOf('ws') });

  it.each(HOSTS)('is refused by a problem document: Host %j', async (host) => {
    const lines = ['GET /lounge HTTP/1.1', `Host: ${host}`, 'Connection: Upgrade', 'Upgrade: websocket', '', ''];
    const [head = '', body = ''] = (await service.http.bytes(lines.join('\r\n'))).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(head).toMatch(/^content-type: application\/problem\+json/im);
    expect(JSON.parse(body)).toMatchObject({ status: 400, code: 'validation_failed' });
  });
});
