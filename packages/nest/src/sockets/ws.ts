import { randomUUID } from 'node:crypto';
import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import type { WebSocket } from 'ws';
import type { AuthContext } from '../auth-context';
import { AuthError } from '../auth-error';
import { asAuthError, problemDetails, problemHeaders } from '../problem-details';
import { withSlash } from './gateways';
import { closeCodeOf, SocketAuthority, type SocketLink } from './socket-authority';
import { connectionOf, type MessageHandler } from './socket-connection';

/** A peer that answers no ping for so many seconds is gone. */
const PING_EVERY = 30;
/** What may wait for a client that does not read, in bytes. */
const MOST_UNREAD = 1024 * 1024;

type Client = WebSocket;
type Refuse = (admitted: boolean, status?: number, body?: string, headers?: Record<string, string>) => void;
type ServerOptions = Readonly<Record<string, unknown>> & { readonly path?: string; readonly server?: unknown };

/**
 * Nest's `ws` adapter with Latchkey in front: nobody connects without a proof, unless a handler is open, and every
 * socket ends with its proof. `app.useWebSocketAdapter(new AuthWsAdapter(app))`, before `app.init()` or `app.listen()`.
 */
export class AuthWsAdapter extends WsAdapter {
  private readonly authority: SocketAuthority;
  private readonly admitted = new WeakMap<IncomingMessage, AuthContext | null>();

  constructor(app: INestApplication) {
    super(app);
    this.authority = new SocketAuthority(app);
  }

  override create(port: number, options: ServerOptions = {}): ReturnType<WsAdapter['create']> {
    if (options.server)
      throw new Error('AuthWsAdapter makes its own servers: leave `server` out of @WebSocketGateway()');
    const address = { port, path: withSlash(options.path ?? '') };
    const verifyClient = ({ req }: { req: IncomingMessage }, done: Refuse): void => {
      this.admit(req, this.authority.servesAnonymous(address)).then(
        () => done(true),
        (error: unknown) => this.refuse(asAuthError(error), done),
      );
    };
    const bounds = { maxPayload: this.authority.maxPayload, perMessageDeflate: false };
    return super.create(port, { ...bounds, ...options, verifyClient } as never) as ReturnType<WsAdapter['create']>;
  }

  override bindClientConnect(server: never, callback: (client: Client, request: IncomingMessage) => void): void {
    super.bindClientConnect(server, ((client: Client, request: IncomingMessage) => {
      const connection = connectionOf(client) ?? this.connect(client, request);
      connection?.enter(() => callback(client, request));
    }) as never);
  }

  override bindMessageHandlers(client: Client, handlers: MessageHandler[], transform: never): void {
    const connection = connectionOf(client);
    if (!connection) return;
    super.bindMessageHandlers(
      client,
      connection.guarded(handlers) as never,
      connection.transformed(transform) as never,
    );
  }

  /** Every server that upgrades come to, the application's own and those of gateways with a port, passes here once. */
  protected override ensureHttpServerExists(port: number, server: Server = createServer()): Server | undefined {
    if (!this.httpServersRegistry.has(port)) server.on('upgrade', (request, wire) => this.receive(request, wire));
    return super.ensureHttpServerExists(port, server);
  }

  /** Nest stops listening for upgrades before the server stops: without this they would be read as plain requests. */
  override async dispose(): Promise<void> {
    const disposed = super.dispose();
    (this.httpServer as Server | undefined)?.on('upgrade', (_request: IncomingMessage, wire: Duplex) => {
      this.refuseOn(wire, new AuthError('unavailable', 'The service is stopping', { retryAfter: 1 }));
    });
    await disposed;
  }

  /**
   * Before anybody else: a wire without a listener for errors ends the process when its client resets it. And an address
   * that cannot be read gets an answer that can.
   */
  private receive({ url = '', headers }: IncomingMessage, wire: Duplex): void {
    wire.on('error', () => wire.destroy());
    if (URL.canParse(url, `ws://${headers.host}/`)) return;
    this.refuseOn(wire, new AuthError('validation_failed', 'The address of the handshake cannot be read'));
  }

  private refuseOn(wire: Duplex, error: AuthError): void {
    this.refuse(error, (_admitted, status, body, headers) => wire.end(rawAnswer(status, body, headers)));
  }

  private async admit(request: IncomingMessage, anonymous: boolean): Promise<void> {
    this.admitted.set(request, await this.authority.handshakes.authenticate({ request, anonymous }));
  }

  private refuse(error: AuthError, done: Refuse): void {
    const { typeBase = 'urn:latchkey:problem:', onError } = this.authority.problems;
    const requestId = randomUUID();
    onError?.(error, { id: requestId });
    const headers = {
      ...problemHeaders(error),
      'Content-Type': 'application/problem+json; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': requestId,
    };
    done(false, error.status, JSON.stringify(problemDetails(error, typeBase, requestId)), headers);
  }

  private connect(client: Client, request: IncomingMessage) {
    const auth = this.admitted.get(request);
    if (auth === undefined) return void client.close(closeCodeOf({ status: 401 }), 'missing_token');
    const connection = this.authority.connect({ client, request, auth }, linkOf(client));
    const count = (): void => void connection.spend();
    client.on('message', count).on('ping', count);
    client.once('close', () => connection.leave());
    return connection;
  }
}

/** As `ws` itself writes a refusal: the upgrade has taken the wire away from the server's own responses. */
function rawAnswer(status = 503, body = '', headers: Readonly<Record<string, string>> = {}): string {
  const all = { Connection: 'close', 'Content-Length': Buffer.byteLength(body), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}

function linkOf(client: Client): SocketLink {
  let [beats, answered] = [0, true];
  client.on('pong', () => (answered = true));
  return {
    send: (message) => client.send(JSON.stringify(message)),
    end: (reason) => client.close(closeCodeOf(reason), reason?.code),
    destroy: () => client.terminate(),
    beat: () => {
      if (client.bufferedAmount > MOST_UNREAD) return client.terminate();
      beats += 1;
      if (beats % PING_EVERY !== 0) return;
      if (!answered) return client.terminate();
      answered = false;
      client.ping();
    },
  };
}
