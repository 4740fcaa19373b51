import type { Provider } from '@nestjs/common';
import type { AccessTokenVerifier } from '../access-token-verifier';
import { Clock } from '../clock';
import { ConnectionJudge, ExpiryJudge } from './connection-judge';
import { ConnectionWatch } from './connection-watch';
import { SOCKET_OPTIONS, type SocketOptions } from './socket-options';
import { NoTickets, TicketRedeemer } from './ticket-redeemer';

type ProviderOf<T> =
  | { useExisting: abstract new (...dependencies: never[]) => T }
  | { useValue: T }
  | { useFactory: (...dependencies: never[]) => T | Promise<T>; inject?: unknown[] };

/** What an application says of connections that outlive their handshake: sockets and event streams. */
export interface ConnectionOptions {
  /** Says whether a proof still holds. Default: the verifier's own, by the feed that it follows; else until it expires. */
  readonly judge?: ProviderOf<ConnectionJudge>;
  /** Exchanges tickets at handshakes. Default: none are taken. */
  readonly tickets?: ProviderOf<TicketRedeemer>;
  readonly sockets?: SocketOptions;
}

/** `verifier` is the token of the verifier that judges where the application names no judge. */
export function connectionProviders({ judge, tickets, sockets }: ConnectionOptions, verifier: symbol): Provider[] {
  const byVerifier = {
    useFactory: (chosen: AccessTokenVerifier) => chosen.connectionJudge() ?? new ExpiryJudge(new Clock()),
    inject: [verifier],
  };
  return [
    ConnectionWatch,
    { provide: SOCKET_OPTIONS, useValue: sockets ?? {} },
    { provide: TicketRedeemer, ...(tickets ?? { useValue: new NoTickets() }) } as Provider,
    { provide: ConnectionJudge, ...(judge ?? byVerifier) } as Provider,
  ];
}
