import type { Timeline } from '../../core/timeline.js'
import type { Costs } from './calibration.js'
import { ModelConnection } from './connection.js'
import { Lock, type MailboxesLock, NO_LOCK } from './lock.js'
import type { Port } from './port.js'
import { DEADLY_CONNECTIONS, type ModelSettings } from './settings.js'
import { Workers } from './workers.js'

/**
 * How Cyrus's mupdate schedules (imap/mupdate.c): a listener and its workers, one lock over all mailboxes, streams that
 * keep their workers. It knows no bytes and no mailboxes, only what each command costs and who waits for whom.
 */
export class CyrusModel {
  readonly lock: MailboxesLock
  workers: Workers
  /** Connections that are told of changes. */
  streams = 0
  order = 0
  private readonly connections = new Set<ModelConnection>()
  /** Of those, the ones that the listener has taken out of its pipe. */
  private taken = 0

  constructor(
    readonly timeline: Timeline,
    readonly settings: ModelSettings,
    readonly costs: Costs,
    /** The master has died of too many connections, all of which are gone. */
    private readonly onDeath: () => void = () => {},
    /** Changes that were before, when a master has died and another goes on. */
    public changes = 0,
  ) {
    this.lock =
      settings.broken === 'no-lock' ? NO_LOCK : new Lock(timeline, () => costs.drawNs('handOver'), costs.random)
    this.workers = new Workers(timeline, settings, () => costs.drawNs('banner'), costs.random)
  }

  get connectionCount(): number {
    return this.connections.size
  }

  /** The clock as time(2) has it. */
  second(): number {
    return Math.floor(this.timeline.nowNs / 1e9)
  }

  /**
   * @param rank order among clients that act at the same ns
   * @returns undefined where there are too many: `* BYE "Server Unable"`
   */
  connect(port: Port, rank: number): ModelConnection | undefined {
    // Those that nobody has greeted yet do not count (imap/mupdate.c service_main_fd, conn_new).
    if (this.taken >= this.settings.connectionsMax) return undefined
    const connection = new ModelConnection(this, rank, port)
    this.connections.add(connection)
    connection.isDeadly = this.connections.size >= DEADLY_CONNECTIONS
    this.workers.accept(connection)
    return connection
  }

  /** The listener makes a connection of what came through the pipe. */
  take(connection: ModelConnection): void {
    this.taken++
    if (connection.isDeadly) this.die()
  }

  left(connection: ModelConnection): void {
    this.connections.delete(connection)
    this.taken--
  }

  /** All connections end; nothing more comes of this model: another one is to go on. */
  abandonAll(): void {
    for (const connection of this.connections) connection.abandon()
    this.connections.clear()
  }

  private die(): void {
    this.abandonAll()
    this.onDeath()
  }
}
