import { randomUUID } from 'node:crypto';
import { Observable } from 'rxjs';
import type { AuthContext } from '../auth-context';
import { attachAuth } from '../auth.guard';
import { AuthError } from '../auth-error';
import { asAuthError } from '../problem-details';
import { requestContext } from '../request-context';
import type { WatchedConnection } from '../connections/watched-connection';
import type { MessageBudget } from './message-budget';

/** Presents a new access token of the same login over an open socket. */
export const REFRESH_EVENT = 'auth.refresh';
export const REFRESHED_EVENT = 'auth.refreshed';

export interface SocketMessage {
  readonly event: string;
  readonly data: unknown;
}

/** One of Nest's message handlers, already bound to its client. */
export interface MessageHandler {
  readonly message: unknown;
  readonly callback: (...args: never[]) => unknown;
  readonly isAckHandledManually?: boolean;
}

type Transform = (result: unknown) => Observable<unknown>;

/** What a connection is made of. */
export interface SocketParts {
  readonly client: object;
  readonly watched: WatchedConnection;
  readonly budget: MessageBudget;
  readonly now: () => number;
  readonly verify: (accessToken: string) => AuthContext | Promise<AuthContext>;
  /** Sends one event to the client. */
  readonly send: (message: SocketMessage) => void;
}

const connections = new WeakMap<object, SocketConnection>();

/** The connection behind a client object, as gateways get it; undefined when another adapter made it. */
export function connectionOf(client: object): SocketConnection | undefined {
  return connections.get(client);
}

/** One socket: who it belongs to, and what stands between its messages and their handlers. */
export class SocketConnection {
  private readonly id = randomUUID();
  private takesRefreshes = false;
  private refreshing = false;

  constructor(private readonly parts: SocketParts) {
    connections.set(parts.client, this);
    if (parts.watched.auth) attachAuth(parts.client, parts.watched.auth);
    requestContext.hold();
  }

  get isOver(): boolean {
    return this.parts.watched.isOver;
  }

  send(message: SocketMessage): void {
    if (!this.isOver) this.parts.send(message);
  }

  /** To be called once, when the wire is gone. */
  leave(): void {
    this.parts.watched.leave();
    requestContext.leave();
  }

  /** Counts whatever the client sends; a flood ends the connection. */
  spend(): boolean {
    if (this.isOver) return false;
    if (this.parts.budget.spend(this.parts.now())) return true;
    this.parts.watched.end(new AuthError('rate_limited', 'Too many messages'));
    return false;
  }

  /** Runs `work` with the caller in its context; undefined, and nothing is run, when the proof does not hold any more. */
  enter<T>(work: () => T): T | undefined {
    if (!this.parts.watched.holds()) return undefined;
    if (!requestContext.wantedEverywhere) return work();
    const auth = this.parts.watched.auth ?? undefined;
    return requestContext.run({ requestId: this.id, auth }, work);
  }

  /** The handlers of a gateway, behind this connection's proof. The first gateway's also take refreshes. */
  guarded(handlers: readonly MessageHandler[]): MessageHandler[] {
    const behind = handlers.map((handler) => ({
      ...handler,
      callback: (...args: never[]) => this.enter(() => handler.callback(...args)),
    }));
    if (this.takesRefreshes || !this.parts.watched.auth) return behind;
    this.takesRefreshes = true;
    return [...behind, { message: REFRESH_EVENT, callback: (data: unknown) => this.enter(() => this.refresh(data)) }];
  }

  /** What becomes of a handler's result, also in the caller's context: observables run when they are subscribed to. */
  transformed(transform: Transform): Transform {
    return (result) =>
      new Observable((messages) => this.enter(() => transform(result).subscribe(messages)) ?? messages.complete());
  }

  private async refresh(data: unknown): Promise<SocketMessage> {
    try {
      const auth = await this.proveAgain(data);
      return { event: REFRESHED_EVENT, data: { expires_at: auth.expiresAt.toISOString() } };
    } catch (error) {
      return exceptionMessage(asAuthError(error));
    }
  }

  private async proveAgain(data: unknown): Promise<AuthContext> {
    const token = (data as { access_token?: unknown } | null | undefined)?.access_token;
    if (typeof token !== 'string') throw new AuthError('validation_failed', 'Send {"access_token": "…"}');
    if (this.refreshing) throw new AuthError('conflict', 'A refresh is under way');
    this.refreshing = true;
    try {
      return this.takeOver(await this.parts.verify(token));
    } finally {
      this.refreshing = false;
    }
  }

  /** A token of somebody else, or of another login, ends the connection: no honest client sends one. */
  private takeOver(auth: AuthContext): AuthContext {
    const { watched, client } = this.parts;
    if (!watched.auth || !isSameLogin(watched.auth, auth)) {
      const refusal = new AuthError('invalid_token', 'The access token belongs to another login');
      watched.end(refusal);
      throw refusal;
    }
    watched.renew(auth);
    attachAuth(client, watched.auth);
    return watched.auth;
  }
}

/** How errors reach the client; the connection stays. */
export function exceptionMessage(error: AuthError): SocketMessage {
  const data = {
    status: 'error',
    code: error.code,
    message: error.message,
    ...(error.retryAfter !== undefined && { retry_after: error.retryAfter }),
    ...(error.errors && { errors: error.errors }),
  };
  return { event: 'exception', data };
}

function isSameLogin(a: AuthContext, b: AuthContext): boolean {
  return (
    a.sessionId !== undefined &&
    a.sessionId === b.sessionId &&
    a.principal.kind === b.principal.kind &&
    a.principal.userId === b.principal.userId &&
    a.principal.tenantId === b.principal.tenantId
  );
}
