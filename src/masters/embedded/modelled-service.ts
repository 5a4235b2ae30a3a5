import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { monotonicClock, monotonicOriginS } from '../../core/clock.js'
import { entityRandom } from '../../core/random.js'
import { type Calibration, Costs } from '../model/calibration.js'
import { CyrusModel } from '../model/cyrus-model.js'
import { type ModelSettings, modelSettings } from '../model/settings.js'
import { Core, type CoreOptions, type Surroundings } from './core.js'
import { LayeredPeer } from './layered-peer.js'
import { ModelledConnection } from './modelled-connection.js'
import type { CommandParser } from './parse-command.js'
import { RealTimeline } from './real-timeline.js'
import type { ServerTls } from './server-tls.js'
import { parserFor, type Service, type ServiceEvents, turnAway } from './service.js'

/** Of which Cyrus it is the model. */
export interface ModelOptions {
  readonly calibration: Calibration
  /** Lines of imapd.conf. */
  readonly settings: Readonly<Record<string, string>>
  /** Of what it costs this time: 1 when absent. */
  readonly seed?: number
}

/** What mupdate logs when select(2) has no room for one more (lib/signals.c, 3.6.1). */
const DESCRIPTORS_LINE = 'Internal error: assertion failed: lib/signals.c: 230: nfds < FD_SETSIZE'
/** Cyrus's master starts a service that died as soon as somebody asks for it. */
const RESTART_NS = 100e6

/** Serves each command when a Cyrus would, as its model says, in real time. */
export class ModelledService implements Service {
  core: Core
  private readonly timeline = new RealTimeline(monotonicClock(monotonicOriginS()), {
    after(delayMs, what) {
      const timer = setTimeout(what, delayMs)
      return () => clearTimeout(timer)
    },
    soon(what) {
      const immediate = setImmediate(what)
      return () => clearImmediate(immediate)
    },
  })
  private readonly options: CoreOptions
  private readonly surroundings: Surroundings
  private readonly settings: ModelSettings
  private readonly costs: Costs
  private readonly parser: CommandParser
  private readonly connections = new Set<ModelledConnection>()
  private readonly sockets = new Set<Socket>()
  private model: CyrusModel
  private downUntilNs = 0
  private rank = 1

  constructor(
    options: CoreOptions,
    model: ModelOptions,
    private readonly tls: ServerTls | undefined,
    private readonly events: ServiceEvents,
  ) {
    this.parser = parserFor(options)
    const { timeline } = this
    // Cyrus keeps what is pending for however long.
    this.options = { ...options, backlogBytesMax: Number.POSITIVE_INFINITY }
    this.surroundings = {
      nowMs: () => timeline.nowNs / 1e6,
      later: (delayMs, what) => void timeline.at(timeline.nowNs + delayMs * 1e6, 0, what),
      soon: what => void setImmediate(what),
      randomBytes,
      report: events.report,
      die: () => this.comeBack(),
    }
    this.settings = modelSettings(model.settings)
    this.costs = new Costs(model.calibration, entityRandom(model.seed ?? 1, 'costs', 0))
    this.core = new Core(this.options, this.surroundings)
    this.model = this.newModel(0)
  }

  start(): void {}

  accept(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.sockets.delete(socket))
    this.timeline.happens(() => this.greet(socket))
  }

  restart(empty: boolean): void {
    this.timeline.happens(() => {
      this.model.abandonAll()
      if (empty) this.core = new Core(this.options, this.surroundings)
      this.comeBack()
    })
  }

  close(): void {
    this.timeline.stop()
    for (const socket of this.sockets) socket.destroy()
  }

  /** Cyrus's master holds the listening socket: who comes while mupdate is down waits. */
  private greet(socket: Socket): void {
    if (socket.destroyed) return
    const { timeline, model, core, connections } = this
    if (timeline.nowNs < this.downUntilNs) {
      timeline.at(this.downUntilNs, this.rank, () => this.greet(socket))
      return
    }
    const peer = new LayeredPeer(socket, this.tls)
    const connection = new ModelledConnection({ timeline, model, core }, peer, this.parser, this.rank++)
    connections.add(connection)
    const connect = () => {
      if (connection.connect()) return
      connections.delete(connection)
      turnAway(socket, this.events)
    }
    const implicit = this.tls?.implicit === true
    peer.listen({
      received: chunk => timeline.happens(() => connection.received(chunk)),
      drained: () => {},
      secured: () => timeline.happens(() => (implicit ? connect() : connection.greet())),
      ended: () => timeline.happens(() => connection.left()),
      broken: reason => this.events.report(reason),
      closed: () => {
        connections.delete(connection)
        timeline.happens(() => connection.left())
      },
    })
    if (implicit) peer.startTls()
    else connect()
  }

  private newModel(changes: number): CyrusModel {
    return new CyrusModel(this.timeline, this.settings, this.costs, () => this.die(), changes)
  }

  private die(): void {
    this.events.report(DESCRIPTORS_LINE)
    this.comeBack()
  }

  private comeBack(): void {
    const { timeline } = this
    this.model = this.newModel(this.model.changes)
    this.downUntilNs = timeline.nowNs + RESTART_NS
    for (const connection of [...this.connections]) connection.close()
    this.connections.clear()
    timeline.at(this.downUntilNs, 0, () => this.events.restarted())
  }
}
