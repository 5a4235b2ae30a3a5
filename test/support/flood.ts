import type { Socket } from 'node:net'

/** Writes without end, as fast as the other side reads. */
export function flood(socket: Socket, next: () => string | Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(next() as string, 'latin1'));
  }
  socket.on('drain', more)
  more()
}
