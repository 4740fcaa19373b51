import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { relay } from './relay';

/** A load balancer: gives each connection to the next process that takes it. */
export interface Balancer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

/** `ports` of the processes on this machine. One that listens nowhere is passed over. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let turn = 0;

  const giveToNext = (socket: Socket, triesLeft: number): void => {
    turn = (turn + 1) % ports.length;
    const upstream = connect(ports[turn] as number, '127.0.0.1');
    const refused = (): void => {
      if (triesLeft > 1 && !socket.destroyed) giveToNext(socket, triesLeft - 1);
      else socket.destroy();
    };
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.off('error', refused);
      relay(socket, upstream, open);
    });
  };

  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    giveToNext(socket, ports.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      open.forEach((socket) => socket.destroy());
      await closed;
    },
  };
}
