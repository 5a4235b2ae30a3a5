import type { Socket } from 'node:net'
import type { Wire } from './peer.js'

/** What is left to be sent is given so long. */
const LAST_WORDS_MS = 1000

/** @param secured TLS: even what is taken at once is known to be only later */
export function socketWire(socket: Socket, secured = false): Wire {
  return {
    write(bytes) {
      if (typeof bytes === 'string') socket.write(bytes, 'latin1')
      else socket.write(bytes)
    },
    // 0 when the kernel has taken it all at once.
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
    destroy() {
      if (secured && !socket.destroyed) {
        socket.destroySoon()
        setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref()
        // One that does not read would never see its BYE, and would keep its socket for good.
      } else if (socket.writableLength > 0) socket.destroy()
      else socket.destroySoon()
    },
  }
}
