import type { IncomingMessage } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { AccessTokenVerifier } from '../access-token-verifier';
import type { AuthContext } from '../auth-context';
import { ConnectionJudge } from '../connections/connection-judge';
import { ConnectionWatch } from '../connections/connection-watch';
import { MAX_PAYLOAD, MESSAGES_PER_SECOND, SOCKET_OPTIONS, type SocketOptions } from '../connections/socket-options';
import { TicketRedeemer } from '../connections/ticket-redeemer';
import type { ConnectionLink } from '../connections/watched-connection';
import { PROBLEM_OPTIONS, type ProblemOptions } from '../problem-details.filter';
import { gatewaysOf, type Gateway, type GatewayAddress } from './gateways';
import { Handshakes } from './handshakes';
import { MessageBudget } from './message-budget';
import { SocketConnection, type SocketMessage } from './socket-connection';
import { answerExceptions, SocketExceptionFilter } from './socket-exception.filter';

/** A client that was let in. */
export interface Admitted {
  readonly client: object;
  readonly request: IncomingMessage;
  readonly auth: AuthContext | null;
}

/** The wire of one socket, as its adapter knows it. */
export interface SocketLink extends ConnectionLink {
  readonly send: (message: SocketMessage) => void;
}

/** What both adapters share: who may connect where, and what a connection is bound to. */
export class SocketAuthority {
  readonly options: SocketOptions;
  readonly problems: ProblemOptions;
  readonly handshakes: Handshakes;
  private readonly verifier: AccessTokenVerifier;
  private readonly watch: ConnectionWatch;
  private readonly gateways: Gateway[];

  /** To be made before the application is initialised. */
  constructor(app: INestApplication) {
    const find = { strict: false };
    this.options = app.get<SocketOptions>(SOCKET_OPTIONS, find);
    this.problems = app.get<ProblemOptions>(PROBLEM_OPTIONS, find);
    this.verifier = app.get(AccessTokenVerifier, find);
    this.watch = app.get(ConnectionWatch, find);
    const [tickets, judge] = [app.get(TicketRedeemer, find), app.get(ConnectionJudge, find)];
    this.handshakes = new Handshakes({ verifier: this.verifier, tickets, judge }, this.options);
    this.gateways = gatewaysOf(app);
    const filter = new SocketExceptionFilter(this.problems);
    for (const { type } of this.gateways) answerExceptions(type, filter);
  }

  get maxPayload(): number {
    return this.options.maxPayload ?? MAX_PAYLOAD;
  }

  now(): number {
    return this.watch.judge.now();
  }

  /** True when anonymous callers may connect there, because some handler serves them. */
  servesAnonymous(where: Partial<GatewayAddress>): boolean {
    const wanted = Object.entries(where) as [keyof GatewayAddress, unknown][];
    return this.gateways.some(
      ({ address, isOpen }) => isOpen && wanted.every(([part, value]) => address[part] === value),
    );
  }

  /** Binds a socket that was let in to its proof. */
  connect({ client, request, auth }: Admitted, link: SocketLink): SocketConnection {
    const from = this.handshakes.clientOf(request);
    return new SocketConnection({
      client,
      watched: this.watch.add(auth, link),
      budget: new MessageBudget(this.options.messagesPerSecond ?? MESSAGES_PER_SECOND, this.now()),
      now: () => this.now(),
      verify: (accessToken) => this.verifier.verify(accessToken, from),
      send: link.send,
    });
  }
}

/** Close code of a socket that the service ends: 4000 plus the status that a request would get. */
export function closeCodeOf(reason: { readonly status: number } | null): number {
  const GOING_AWAY = 1001;
  return reason === null ? GOING_AWAY : 4000 + reason.status;
}
