import { Fifo } from '../core/fifo.js'
import type { ProbesOptions } from '../drivers/probes.js'
import type { WatcherContext } from '../drivers/slave-watcher.js'
import { SimulatedClient } from './client.js'
import type { SimulatedMaster } from './master.js'

const RECONNECT_NS = 250e6

/** NOOPs at a fixed rate in the open model, as a real run's probes send them. */
export class SimulatedProbes {
  private readonly lanes: ProbeLane[]

  constructor(
    context: WatcherContext,
    master: SimulatedMaster,
    { plain, streaming, ratePerSecond }: ProbesOptions,
    firstRank: number,
    bytesPerMailbox: number,
  ) {
    const periodNs = 1e9 / ratePerSecond
    this.lanes = Array.from({ length: plain + streaming }, (_, i) => {
      const name = i < plain ? 'NOOP.plain' : 'NOOP.stream'
      const offsetNs = (periodNs * (i + 1)) / (plain + streaming + 1)
      return new ProbeLane(context, master, name, Math.round(offsetNs), periodNs, firstRank + i, bytesPerMailbox)
    })
  }

  /** No NOOP is due from now on; what is under way may be answered until {@link stop}. */
  sendLast(): void {
    for (const lane of this.lanes) lane.sendLast()
  }

  stop(): void {
    for (const lane of this.lanes) lane.stop()
  }
}

class ProbeLane {
  private client: SimulatedClient | undefined
  private readonly sent = new Fifo<{ intendedNs: number; sentNs: number; phase: number }>()
  private nextNs = Infinity
  private connected = false
  private stopped = false
  private ticking = false
  private lastNs = Infinity

  constructor(
    private readonly context: WatcherContext,
    private readonly master: SimulatedMaster,
    private readonly name: 'NOOP.plain' | 'NOOP.stream',
    private readonly offsetNs: number,
    private readonly periodNs: number,
    private readonly rank: number,
    private readonly bytesPerMailbox: number,
  ) {
    this.open()
  }

  sendLast(): void {
    this.sendDue()
    this.lastNs = Math.min(this.lastNs, this.master.timeline.nowNs)
  }

  stop(): void {
    this.sendLast()
    this.stopped = true
    this.giveUp()
    const { nowNs } = this.master.timeline
    for (; this.nextNs <= this.lastNs; this.nextNs += this.periodNs)
      this.metric(this.context.phase(Math.round(this.nextNs))).add(
        'unfinished',
        Math.round(this.nextNs),
        undefined,
        nowNs,
      )
    this.client?.destroy()
  }

  private open(): void {
    if (this.stopped) return
    const client: SimulatedClient = new SimulatedClient(
      this.master,
      this.rank,
      {
        onLoggedIn: () => {
          if (this.name === 'NOOP.plain') this.up(client)
          else client.send({ kind: 'list', streams: true }, () => this.up(client))
        },
        onLost: () => {
          this.connected = false
          this.giveUp()
          this.context.event('probe-lost', this.name)
          this.master.timeline.at(this.master.timeline.nowNs + RECONNECT_NS, this.rank, () => this.open())
        },
      },
      { bytesPerMailbox: this.bytesPerMailbox },
    )
    this.client = client
  }

  private up(client: SimulatedClient): void {
    this.client = client
    this.connected = true
    if (this.nextNs === Infinity) this.nextNs = this.master.timeline.nowNs + this.offsetNs
    this.sendDue()
    if (!this.ticking) this.tick()
  }

  private tick(): void {
    this.ticking = true
    this.master.timeline.at(Math.max(this.master.timeline.nowNs, Math.round(this.nextNs)), this.rank, () => {
      if (this.stopped || this.nextNs > this.lastNs) return
      if (!this.connected) {
        this.ticking = false
        return
      }
      this.sendDue()
      this.tick()
    })
  }

  private sendDue(): void {
    const { nowNs } = this.master.timeline
    while (this.connected && Math.round(this.nextNs) <= Math.min(nowNs, this.lastNs)) {
      this.send(Math.round(this.nextNs))
      this.nextNs += this.periodNs
    }
  }

  private send(intendedNs: number): void {
    const { timeline } = this.master
    const phase = this.context.phase(intendedNs)
    const sentNs = timeline.nowNs
    this.sent.push({ intendedNs, sentNs, phase })
    this.client!.send({ kind: 'noop' }, () => {
      if (this.sent.shift() !== undefined) this.metric(phase).add('ok', intendedNs, sentNs, timeline.nowNs)
    })
  }

  private giveUp(): void {
    const { nowNs } = this.master.timeline
    for (const { intendedNs, sentNs, phase } of this.sent.takeAll())
      this.metric(phase).add('unfinished', intendedNs, sentNs, nowNs)
  }

  private metric(phase: number) {
    return this.context.recorder.metric(phase, 'commands', this.name)
  }
}
