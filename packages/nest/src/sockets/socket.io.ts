import type { INestApplication } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Namespace, Server, ServerOptions, Socket } from 'socket.io';
import type { AuthContext } from '../auth-context';
import type { AuthError } from '../auth-error';
import { MESSAGES_PER_SECOND } from '../connections/socket-options';
import { asAuthError } from '../problem-details';
import { hideSecrets, type HandshakePayload } from './credential';
import { withSlash } from './gateways';
import { MessageBudget } from './message-budget';
import { SocketAuthority, type SocketLink } from './socket-authority';
import { connectionOf, type MessageHandler } from './socket-connection';

/** For so long a client may stay connected without having entered a namespace. Milliseconds. */
const ENTER_WITHIN = 10_000;
/** Packets that may wait for a client that does not read. */
const MOST_UNREAD = 1_000;

type EngineSocket = Socket['conn'];
/** What is needed of Engine.IO's own WebSocket. */
interface Wire {
  readonly readyState: number;
  once(event: 'close', listener: () => void): unknown;
  terminate(): void;
}

const CLOSED = 3;

type AllowRequest = NonNullable<ServerOptions['allowRequest']>;

/**
 * Nest's Socket.IO adapter with Latchkey in front: nobody enters a namespace without a proof, unless a handler is open,
 * and every socket ends with its proof. `app.useWebSocketAdapter(new AuthIoAdapter(app))`, before `app.init()`.
 */
export class AuthIoAdapter extends IoAdapter {
  private readonly authority: SocketAuthority;
  private readonly admitted = new WeakMap<Socket, AuthContext | null>();

  constructor(app: INestApplication) {
    super(app);
    this.authority = new SocketAuthority(app);
  }

  override createIOServer(port: number, options: Partial<ServerOptions> = {}): Server {
    const { origins = [] } = this.authority.options;
    const bounds: Partial<ServerOptions> = {
      maxHttpBufferSize: this.authority.maxPayload,
      connectTimeout: ENTER_WITHIN,
      serveClient: false,
      ...(origins.length > 0 && { cors: { origin: [...origins] } }),
    };
    const allowRequest: AllowRequest = (request, done) => this.checkOrigin(request, done);
    const server = super.createIOServer(port, { ...bounds, ...options, allowRequest } as ServerOptions) as Server;
    this.stand(server.sockets, port);
    server.on('new_namespace', (namespace) => this.stand(namespace, port));
    server.engine.on('connection', (engine: EngineSocket) => this.bound(engine));
    return server;
  }

  override bindClientConnect(server: never, callback: (socket: Socket) => void): void {
    super.bindClientConnect(server, (socket: Socket) => void connectionOf(socket)?.enter(() => callback(socket)));
  }

  override bindMessageHandlers(socket: Socket, handlers: MessageHandler[], transform: never): void {
    const connection = connectionOf(socket);
    if (!connection) return;
    super.bindMessageHandlers(
      socket,
      connection.guarded(handlers) as never,
      connection.transformed(transform) as never,
    );
  }

  /** Before anything is opened; what the credential demands of the origin is seen to when it is known. */
  private checkOrigin(request: IncomingMessage, done: (error: string | null, allowed: boolean) => void): void {
    try {
      this.authority.handshakes.checkOrigin(request, null);
      done(null, true);
    } catch (error) {
      done(asAuthError(error).code, false);
    }
  }

  /** Stands at the entrance of a namespace, also of one that no gateway serves. */
  private stand(namespace: Namespace, port: number): void {
    namespace.use((socket, next) => {
      this.admit(socket, { port, namespace: withSlash(namespace.name) }).then(
        () => next(),
        (error: unknown) => next(this.refusal(asAuthError(error))),
      );
    });
    namespace.on('connection', (socket) => this.connect(socket));
  }

  private async admit(socket: Socket, where: { port: number; namespace: string }): Promise<void> {
    const { handshake, request } = socket;
    const payload = { ...(handshake.auth as HandshakePayload) };
    handshake.url = hideSecrets(handshake.url);
    for (const place of [handshake.auth, handshake.query]) {
      for (const name of ['token', 'ticket', 'access_token']) delete (place as Record<string, unknown>)[name];
    }
    const anonymous = this.authority.servesAnonymous(where);
    this.admitted.set(socket, await this.authority.handshakes.authenticate({ request, payload, anonymous }));
  }

  private refusal(error: AuthError): Error {
    this.authority.problems.onError?.(error, {});
    const { code, message, status, retryAfter } = error;
    return Object.assign(new Error(code), { data: { code, message, status, retry_after: retryAfter } });
  }

  private connect(socket: Socket): void {
    const auth = this.admitted.get(socket);
    // A recovered connection may have come past the entrance.
    if (auth === undefined) return void socket.disconnect(true);
    const connection = this.authority.connect({ client: socket, request: socket.request, auth }, linkOf(socket));
    socket.use((_packet, next) => {
      if (!connection.isOver) next();
    });
    socket.once('disconnect', () => {
      const wire = wireOf(socket);
      const staysOpen = !connection.isOver && socket.conn.readyState === 'open';
      if (staysOpen || !wire || wire.readyState === CLOSED) connection.leave();
      else wire.once('close', () => connection.leave());
    });
  }

  /** Counts every packet of a client, whatever namespaces it is in, or tries to enter. */
  private bound(engine: EngineSocket): void {
    const { messagesPerSecond = MESSAGES_PER_SECOND } = this.authority.options;
    const budget = new MessageBudget(messagesPerSecond, this.authority.now());
    engine.on('packet', () => {
      if (!budget.spend(this.authority.now())) engine.close(true);
    });
  }
}

/** The WebSocket beneath; undefined while the client polls. */
function wireOf({ conn }: Socket): Wire | undefined {
  const { socket } = conn.transport as unknown as { readonly socket?: Wire };
  return conn.transport.name === 'websocket' ? socket : undefined;
}

function linkOf(socket: Socket): SocketLink {
  return {
    send: ({ event, data }) => void socket.emit(event, data),
    end: (reason) => {
      if (reason) socket.emit('revoked', { code: reason.code });
      socket.disconnect(true);
    },
    // Engine.IO forgets a connection at once, its WebSocket waits half a minute for the peer's goodbye.
    destroy: () => (wireOf(socket) ?? { terminate: () => socket.conn.close(true) }).terminate(),
    beat: () => {
      const { writeBuffer } = socket.conn as unknown as { readonly writeBuffer: readonly unknown[] };
      if (writeBuffer.length > MOST_UNREAD) socket.conn.close(true);
    },
  };
}
