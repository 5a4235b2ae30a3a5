import type { Socket } from 'node:net'
import { Connection } from './connection.js'
import { Core, type CoreOptions, type Surroundings } from './core.js'
import { CommandParser } from './parse-command.js'
import { Slowness } from './slowness.js'
import { peerOf, type Service, type ServiceEvents, turnAway } from './service.js'

/** Slaves' moments are told apart so finely: ten thousand slaves come in five hundred portions. */
const TICK_MS = 10

/** Serves each command as it comes. */
export class PlainService implements Service {
  core: Core
  private readonly surroundings: Surroundings
  private readonly parser = new CommandParser()
  private readonly sockets = new Set<Socket>()
  private readonly slowness: Slowness | undefined
  private ticking: NodeJS.Timeout | undefined

  constructor(
    private readonly options: CoreOptions & { readonly slowedBy?: number },
    private readonly events: ServiceEvents,
  ) {
    this.slowness = options.slowedBy === undefined ? undefined : new Slowness(options.slowedBy)
    this.surroundings = {
      nowMs: () => performance.now(),
      later: (delayMs, what) => void setTimeout(what, delayMs),
      soon: what =>
        void setImmediate(() => {
          what()
          this.slowness?.pay()
        }),
      report: events.report,
    }
    this.core = new Core(options, this.surroundings)
  }

  start(): void {
    this.ticking = setInterval(() => {
      this.core.tick()
      this.slowness?.pay()
    }, TICK_MS)
  }

  accept(socket: Socket): void {
    if (this.sockets.size >= this.options.connectionsMax) {
      turnAway(socket, this.events)
      return
    }
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
    const connection = new Connection(this.core, peerOf(socket), this.parser)
    socket.on('data', chunk => {
      connection.received(chunk)
      this.slowness?.pay()
    })
    socket.on('drain', () => connection.drained())
    socket.on('error', () => {})
    socket.on('close', () => connection.close())
  }

  restart(empty: boolean): void {
    for (const socket of this.sockets) socket.destroy()
    if (empty) this.core = new Core(this.options, this.surroundings)
    this.events.restarted()
  }

  close(): void {
    clearInterval(this.ticking)
    for (const socket of this.sockets) socket.destroy()
  }
}
