import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { relay } from './relay';

/** Stands between a process and its database, so that the way there can be cut and restored. */
export interface TcpProxy {
  /** The database as it is reached through the proxy. */
  readonly url: string;
  /** Ends every connection and refuses new ones. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

/** `databaseUrl` names a TCP address or, in its parameters `host` and `port`, a Unix socket. */
export async function startTcpProxy(databaseUrl: string): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((socket) => {
    if (isCut) return void socket.destroy();
    relay(socket, connect(addressOf(databaseUrl)), open);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hangUp = (): void => open.forEach((socket) => socket.destroy());
  return {
    url: through(databaseUrl, (server.address() as AddressInfo).port),
    cut: () => {
      isCut = true;
      hangUp();
    },
    restore: () => void (isCut = false),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      hangUp();
      await closed;
    },
  };
}

function addressOf(databaseUrl: string): { path: string } | { host: string; port: number } {
  const { hostname, port, searchParams } = new URL(databaseUrl);
  const host = searchParams.get('host') ?? hostname;
  const number = searchParams.get('port') ?? (port || '5432');
  return host.startsWith('/') ? { path: `${host}/.s.PGSQL.${number}` } : { host, port: Number(number) };
}

function through(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl);
  for (const name of ['host', 'port']) url.searchParams.delete(name);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return url.href;
}
