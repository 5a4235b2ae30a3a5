import type { Timeline } from '../core/timeline.js'
import type { Costs } from '../masters/model/calibration.js'
import type { ModelConnection } from '../masters/model/connection.js'
import { CyrusModel } from '../masters/model/cyrus-model.js'
import type { ModelSettings } from '../masters/model/settings.js'
import type { SimulatedClient } from './client.js'

/** Cyrus's master starts a service that died as soon as somebody asks for it. */
const RESTART_NS = 100e6
/**
 * One way between client and master: loopback, and the waking of who sleeps. Measured: NOOPs of the harness on a rested
 * connection of a real master, 120 µs, less what the listener and the command take.
 */
export const TRANSIT_NS = 45_000

/** The model with mailboxes that are counted and not named. */
export class SimulatedMaster {
  model: CyrusModel
  mailboxes = 0
  private readonly clients = new Set<SimulatedClient>()
  private downUntilNs = 0

  constructor(
    readonly timeline: Timeline,
    private readonly settings: ModelSettings,
    private readonly costs: Costs,
    private readonly events: { onDeath(detail: string): void; onBack(): void; onTurnedAway(detail: string): void },
  ) {
    this.model = this.newModel(0)
  }

  /** @returns undefined where it turns the client away; while nobody is there, ns when somebody will be */
  connect(client: SimulatedClient, rank: number): ModelConnection | undefined | number {
    if (this.timeline.nowNs < this.downUntilNs) return this.downUntilNs
    const { model } = this
    const connection = model.connect(client, rank)
    if (connection === undefined) this.events.onTurnedAway('Server too busy, dropping connection.')
    else this.clients.add(client)
    return connection
  }

  left(client: SimulatedClient): void {
    this.clients.delete(client)
  }

  /** As killed, and started again. */
  restart(empty: boolean): void {
    this.model.abandonAll()
    if (empty) this.mailboxes = 0
    this.comeBack()
  }

  private newModel(changes: number): CyrusModel {
    return new CyrusModel(this.timeline, this.settings, this.costs, () => this.die(), changes)
  }

  private die(): void {
    this.events.onDeath('Internal error: assertion failed: lib/signals.c: nfds < FD_SETSIZE')
    this.comeBack()
  }

  private comeBack(): void {
    const { clients } = this
    this.model = this.newModel(this.model.changes)
    this.downUntilNs = this.timeline.nowNs + RESTART_NS
    const lost = [...clients]
    clients.clear()
    for (const client of lost) client.lose()
    this.events.onBack()
  }
}
