import type { Provider } from '@nestjs/common';
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
  /** Says whether a proof still holds. Default: until its access token expires. */
  readonly judge?: ProviderOf<ConnectionJudge>;
  /** Exchanges tickets at handshakes. Default: none are taken. */
  readonly tickets?: ProviderOf<TicketRedeemer>;
  readonly sockets?: SocketOptions;
}

export function connectionProviders({ judge, tickets, sockets }: ConnectionOptions): Provider[] {
  return [
    ConnectionWatch,
    { provide: SOCKET_OPTIONS, useValue: sockets ?? {} },
    { provide: TicketRedeemer, ...(tickets ?? { useValue: new NoTickets() }) } as Provider,
    { provide: ConnectionJudge, ...(judge ?? { useValue: new ExpiryJudge(new Clock()) }) } as Provider,
  ];
}
