import type { Socket } from 'node:net'
import type { Core } from './core.js'
import type { Peer } from './peer.js'

/** With the NUL that `sizeof` of a C string counts (imap/mupdate.c service_main_fd). */
const SERVER_UNABLE = '* BYE "Server Unable"\r\n\0'

export interface ServiceEvents {
  /** A line of its log. */
  report(line: string): void
  /** It has lost all connections and is back. */
  restarted(): void
}

/** Who serves what a server accepts. */
export interface Service {
  readonly core: Core
  /** From now on there may be connections. */
  start(): void
  accept(socket: Socket): void
  /** @param empty what it holds is lost too */
  restart(empty: boolean): void
  close(): void
}

export function turnAway(socket: Socket, { report }: ServiceEvents): void {
  report('Server too busy, dropping connection.')
  socket.on('error', () => {})
  socket.end(SERVER_UNABLE, 'latin1')
}

export function peerOf(socket: Socket): Peer {
  return {
    write(bytes) {
      if (typeof bytes === 'string') socket.write(bytes, 'latin1')
      else socket.write(bytes)
    },
    // 0 when the kernel has taken it all at once: what was written may be used again then.
    get backlogBytes() {
      return socket.writableLength
    },
    // `drain` comes only after more than a socket's high water mark.
    whenTaken(done) {
      // Nobody waits for who is gone; of a write that failed the socket tells at once, and ends a turn later.
      if (socket.writableLength === 0 || socket.destroyed || socket.errored !== null) done()
      else socket.write('', () => done())
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    // One that does not read would never see its BYE, and would keep its socket for good.
    destroy: () => void (socket.writableLength > 0 ? socket.destroy() : socket.destroySoon()),
  }
}
