import { Controller, Module, Sse, type DynamicModule, type INestApplication } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  WsException,
  type OnGatewayConnection,
} from '@nestjs/websockets';
import {
  Auth,
  AuthContextService,
  AuthError,
  authOf,
  CurrentSession,
  CurrentUser,
  JwtClaims,
  OptionalAuth,
  Public,
  RequireAuth,
  Roles,
  TenantId,
  UserId,
  type AccessTokenClaims,
  type AuthContext,
  type Principal,
  type SessionFacts,
} from '@latchkey/nest';
import { AuthIoAdapter } from '@latchkey/nest/socket.io';
import { AuthWsAdapter } from '@latchkey/nest/ws';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { setImmediate as immediately, setTimeout as sleep } from 'node:timers/promises';
import { interval, map, Observable } from 'rxjs';
import type { Socket } from 'socket.io';
import type { SocketKind } from './socket-client';

/** Messages that reached a handler, by what they said. */
export const heard: string[] = [];
/** Who had connected, as `handleConnection` saw it. */
export const arrivals: (string | null)[] = [];

class Lounge implements OnGatewayConnection {
  @WebSocketServer()
  readonly server!: { clients?: Set<{ send(text: string): void }>; emit(event: string, data: unknown): void };

  private readonly handshakes = new WeakMap<object, IncomingHttpHeaders>();

  constructor(protected readonly auth: AuthContextService) {}

  handleConnection(client: object, request?: IncomingMessage): void {
    if (request) this.handshakes.set(client, request.headers);
    arrivals.push(authOf(client)?.principal.userId === this.now() ? this.now() : 'another');
  }

  @SubscribeMessage('whoami')
  whoami(
    @Auth() auth: AuthContext,
    @CurrentUser() user: Principal,
    @UserId() userId: string,
    @TenantId() tenantId: string,
    @CurrentSession() session: SessionFacts | null,
    @JwtClaims() claims: AccessTokenClaims | null,
  ) {
    const found = this.auth.find() === auth;
    return { event: 'whoami', data: { mode: auth.mode, user, userId, tenantId, session, claims, found } };
  }

  @RequireAuth()
  @SubscribeMessage('journey')
  async journey(@UserId() userId: string) {
    const seen = [this.now()];
    await sleep(5);
    seen.push(this.now());
    await immediately();
    seen.push(...(await Promise.all([this.later(), this.later()])));
    return { event: 'journey', data: { userId, seen } };
  }

  @SubscribeMessage('ticks')
  ticks() {
    return new Observable((messages) => {
      const timer = setTimeout(() => {
        messages.next({ event: 'ticks', data: { seen: this.now() } });
        messages.complete();
      }, 5);
      return () => clearTimeout(timer);
    });
  }

  @SubscribeMessage('say')
  say(@MessageBody() text: string) {
    heard.push(text);
    return { event: 'say', data: { text } };
  }

  @Roles('admin')
  @SubscribeMessage('admin')
  admin() {
    return { event: 'admin', data: { entered: true } };
  }

  @SubscribeMessage('broken')
  broken() {
    throw new Error('secret detail from inside');
  }

  @SubscribeMessage('conflict')
  conflict() {
    throw new AuthError('conflict', 'There is one already', { detail: 'secret detail from inside' });
  }

  @SubscribeMessage('headers')
  headers(@ConnectedSocket() client: object) {
    const headers = (client as Partial<Socket>).handshake?.headers ?? this.handshakes.get(client) ?? {};
    return { event: 'headers', data: { claimed: headers['x-user-id'] ?? null } };
  }

  @SubscribeMessage('own')
  own() {
    throw new WsException({ status: 'error', message: 'as Nest says it' });
  }

  protected now(): string | null {
    return this.auth.find()?.principal.userId ?? null;
  }

  private async later(): Promise<string | null> {
    await sleep(3);
    return this.now();
  }
}

class Foyer {
  @SubscribeMessage('hello')
  hello(@UserId() userId: string | null) {
    return { event: 'hello', data: { userId } };
  }

  @RequireAuth()
  @SubscribeMessage('closed')
  closed() {
    return { event: 'closed', data: {} };
  }

  @OptionalAuth()
  @SubscribeMessage('optional')
  optional(@UserId() userId: string | null) {
    return { event: 'optional', data: { userId } };
  }
}

@WebSocketGateway({ path: '/lounge' })
class WsLounge extends Lounge {
  constructor(auth: AuthContextService) {
    super(auth);
  }
}

/** A second gateway in the same room. */
@WebSocketGateway({ path: '/lounge' })
class WsAnnex {
  @SubscribeMessage('annex')
  annex(@UserId() userId: string) {
    return { event: 'annex', data: { userId } };
  }
}

@Public()
@WebSocketGateway({ path: '/foyer' })
class WsFoyer extends Foyer {}

@WebSocketGateway({ namespace: '/lounge' })
class IoLounge extends Lounge {
  constructor(auth: AuthContextService) {
    super(auth);
  }
}

@WebSocketGateway({ namespace: '/lounge' })
class IoAnnex {
  @SubscribeMessage('annex')
  annex(@UserId() userId: string) {
    return { event: 'annex', data: { userId } };
  }
}

@Public()
@WebSocketGateway({ namespace: 'foyer' })
class IoFoyer extends Foyer {}

/** Event streams: one behind the guard, one open. */
@Controller('lounge')
class LoungeController {
  constructor(private readonly auth: AuthContextService) {}

  @Sse('events')
  events(@UserId() userId: string) {
    return interval(20).pipe(map((count) => ({ data: { count, userId, seen: this.auth.mustGetUserId() } })));
  }

  /** As quiet as most streams are. */
  @Sse('hours')
  hours() {
    return interval(1_000).pipe(map((count) => ({ data: { count } })));
  }

  @Roles('admin')
  @Sse('secrets')
  secrets() {
    return interval(20);
  }

  @Public()
  @Sse('news')
  news() {
    return interval(20).pipe(map((count) => ({ data: { count } })));
  }
}

@Module({})
export class LoungeModule {
  static of(kind: SocketKind): DynamicModule {
    const gateways = kind === 'ws' ? [WsLounge, WsAnnex, WsFoyer] : [IoLounge, IoAnnex, IoFoyer];
    return { module: LoungeModule, controllers: [LoungeController], providers: gateways };
  }
}

/** The adapter of this kind. */
export function adapterOf(kind: SocketKind): (app: INestApplication) => void {
  return (app) => void app.useWebSocketAdapter(kind === 'ws' ? new AuthWsAdapter(app) : new AuthIoAdapter(app));
}
