import type { Socket } from 'node:net';

/** Hands everything on, both ways, until one of the two ends. `open` holds both while they last. */
export function relay(one: Socket, other: Socket, open: Set<Socket>): void {
  pipe(one, other, open);
  pipe(other, one, open);
}

function pipe(from: Socket, to: Socket, open: Set<Socket>): void {
  open.add(from);
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.on('close', () => {
    open.delete(from);
    to.destroy();
  });
}
