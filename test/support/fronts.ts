import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { STRANGER_KEYS } from './saml-keys';

/** What a browser reaches: over plain http, or over TLS with a certificate that nobody vouches for. */
export type Scheme = 'http' | 'https';

type Answerer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on the loopback address; as an origin it has as many names as that address. */
export class Front {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly scheme: Scheme,
  ) {
    // Also those of a browser that has connected and said nothing yet, which the server does not count as connections.
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  static async listen(scheme: Scheme, answer: Answerer, port = 0): Promise<Front> {
    const { key, certificate: cert } = STRANGER_KEYS;
    const server = scheme === 'http' ? createServer(answer) : createTlsServer({ key, cert }, answer);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return new Front(server, scheme);
  }

  origin(host: 'localhost' | '127.0.0.1'): string {
    return `${this.scheme}://${host}:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

/** What a service was asked and what it answered, whether or not a browser let a page see it. */
export interface Passage {
  readonly method: string | undefined;
  readonly url: string;
  readonly cookie: string;
  readonly status: number;
  readonly answer: string;
}

/** A site whose pages have nothing on them and whose `/auth` is a service on plain http, as behind a load balancer. */
export function siteBefore(port: number, scheme: Scheme, passed: Passage[]): Answerer {
  return (incoming, answer) => {
    const { method, url = '/', headers } = incoming;
    if (!url.startsWith('/auth/')) return emptyPages(incoming, answer);
    const forwarded = { ...headers, 'x-forwarded-proto': scheme, 'x-forwarded-for': '127.0.0.1' };
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers: forwarded }, (answered) => {
      const { statusCode: status = 502, headers: answeredHeaders } = answered;
      text(answered).then(
        (body) => {
          passed.push({ method, url, cookie: headers.cookie ?? '', status, answer: body });
          answer.writeHead(status, answeredHeaders).end(body);
        },
        () => answer.destroy(),
      );
    });
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  };
}

/** Pages with nothing on them: what they do is said by the test. */
export function emptyPages(_: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>A page</title>');
}
