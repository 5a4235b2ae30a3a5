import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { Connection } from './connection.js'
import { Core, type CoreOptions, type Surroundings } from './core.js'
import { LayeredPeer } from './layered-peer.js'
import type { CommandParser } from './parse-command.js'
import type { ServerTls } from './server-tls.js'
import { parserFor, type Service, type ServiceEvents, turnAway } from './service.js'
import { Slowness } from './slowness.js'

/** Slaves' moments are told apart so finely: ten thousand slaves come in five hundred portions. */
const TICK_MS = 10

/** Serves each command as it comes. */
export class PlainService implements Service {
  core: Core
  private readonly surroundings: Surroundings
  private readonly parser: CommandParser
  private readonly connections = new Map<Socket, Connection>()
  private readonly slowness: Slowness | undefined
  private ticking: NodeJS.Timeout | undefined

  constructor(
    private readonly options: CoreOptions & { readonly slowedBy?: number },
    private readonly tls: ServerTls | undefined,
    private readonly events: ServiceEvents,
  ) {
    this.parser = parserFor(options)
    this.slowness = options.slowedBy === undefined ? undefined : new Slowness(options.slowedBy)
    this.surroundings = {
      nowMs: () => performance.now(),
      later: (delayMs, what) => void setTimeout(what, delayMs),
      soon: what =>
        void setImmediate(() => {
          what()
          this.slowness?.pay()
        }),
      randomBytes,
      report: events.report,
      die: () => this.restart(false),
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
    if (this.connections.size >= this.options.connectionsMax) {
      turnAway(socket, this.events)
      return
    }
    const peer = new LayeredPeer(socket, this.tls)
    const connection = new Connection(this.core, peer, this.parser)
    this.connections.set(socket, connection)
    peer.listen({
      received: chunk => {
        connection.received(chunk)
        this.slowness?.pay()
      },
      drained: () => connection.drained(),
      secured: () => connection.greet(),
      ended: () => connection.ended(),
      broken: reason => this.events.report(reason),
      closed: () => {
        this.connections.delete(socket)
        connection.close()
      },
    })
    if (this.tls?.implicit === true) peer.startTls()
    else connection.greet()
  }

  restart(empty: boolean): void {
    this.dropAll()
    if (empty) this.core = new Core(this.options, this.surroundings)
    this.events.restarted()
  }

  close(): void {
    clearInterval(this.ticking)
    this.dropAll()
  }

  /** What they have sent and was not served yet is lost. */
  private dropAll(): void {
    for (const [socket, connection] of this.connections) {
      connection.close()
      socket.destroy()
    }
  }
}
