import type { HarnessError } from '../core/errors.js'
import { Fifo } from '../core/fifo.js'
import type { Alarm, Timeline } from '../core/timeline.js'
import type { SlaveWatcher } from '../drivers/slave-watcher.js'
import type { Kick, SlaveSettings } from '../slaves/slave.js'
import { deadlineNs, nextSlaveStep, type SlaveEvent, type SlaveState } from '../slaves/state.js'
import { type ClientTraits, SimulatedClient } from './client.js'
import type { Connects } from './connects.js'
import type { SimulatedMaster } from './master.js'
import type { Propagation } from './propagation.js'

/** A process that was frozen looks at what has arrived before it looks at its clock. */
const THAW_NS = 20e6

/** One frontend: the same state machine as a real-time slave's, with a simulated connection. */
export class SimulatedSlave {
  private state: SlaveState
  private client: SimulatedClient | undefined
  private alarm: Alarm | undefined
  private alarmNs = Infinity
  private connectingNs = 0
  private readonly kicks = new Fifo<Kick>()
  private frozen = false
  private thawing: Alarm | undefined
  private cut = false
  /** Given up while the network was gone: the master hears of it when it is back. */
  private readonly givenUp: SimulatedClient[] = []
  private stopped = false
  /** Changes that it has. */
  private has = 0
  private listFrom = 0

  constructor(
    private readonly master: SimulatedMaster,
    readonly rank: number,
    private readonly settings: SlaveSettings,
    private readonly traits: ClientTraits,
    private readonly watcher: SlaveWatcher,
    private readonly propagation: Propagation,
    /** Is meant to hold the whole list. */
    private readonly follows: boolean,
    private readonly connects: Connects,
    startNs: number,
  ) {
    this.has = master.model.changes
    this.state = { phase: 'waiting', untilNs: startNs }
    this.arm()
  }

  get streaming(): boolean {
    return this.state.phase === 'streaming'
  }

  kick(kick: Kick): void {
    if (this.state.phase !== 'streaming' || this.stopped) {
      kick.failed(this.timeline.nowNs)
      return
    }
    this.kicks.push(kick)
    this.step({ kind: 'kicked', atNs: this.timeline.nowNs })
  }

  restart(): void {
    const { nowNs } = this.timeline
    this.giveUp(nowNs)
    this.client?.destroy()
    this.client = undefined
    this.watcher.restarted()
    this.state = { phase: 'waiting', untilNs: nowNs }
    this.arm()
  }

  freeze(): void {
    this.thawing?.cancel()
    this.frozen = true
    this.disarm()
    this.client?.hold()
  }

  thaw(): void {
    if (!this.frozen) return
    this.thawing?.cancel()
    if (!this.cut) this.client?.release()
    this.thawing = this.timeline.at(this.timeline.nowNs + THAW_NS, this.rank, () => {
      this.frozen = false
      this.letThrough()
      this.arm()
    })
  }

  cutNetwork(): void {
    this.cut = true
    this.client?.hold()
  }

  restoreNetwork(): void {
    if (!this.cut) return
    this.cut = false
    for (const client of this.givenUp.splice(0)) client.destroy()
    this.letThrough()
  }

  /** Who is frozen, and has no network either, needs both. */
  private letThrough(): void {
    if (!this.frozen && !this.cut) this.client?.release()
  }

  /** What is under way is given up: lower bounds. */
  stop(): void {
    this.giveUp(this.timeline.nowNs)
    this.stopped = true
    this.disarm()
    this.restoreNetwork()
    this.client?.destroy()
    this.client = undefined
  }

  private get timeline(): Timeline {
    return this.master.timeline
  }

  private step(event: SlaveEvent): void {
    if (this.stopped) return
    const before = this.state
    const { state, action } = nextSlaveStep(before, event, this.settings)
    this.state = state
    switch (action) {
      case 'connect':
        if (state.phase === 'connecting') this.connect(state.dueNs, event.atNs)
        break
      case 'sendUpdate':
        this.sendUpdate()
        break
      case 'ready':
        this.watcher.ready(event.atNs)
        break
      case 'sendNoop':
        this.client!.send({ kind: 'noop' }, () => this.noopAnswered())
        break
      case 'timeOut':
        this.timeOut(before, event.atNs)
        break
      case 'none':
        break
    }
    this.arm()
  }

  private arm(): void {
    const dueNs = deadlineNs(this.state, this.settings)
    if (dueNs === undefined || this.frozen || this.stopped) return
    if (this.alarm !== undefined && this.alarmNs <= dueNs) return
    this.disarm()
    this.alarmNs = dueNs
    this.alarm = this.timeline.at(this.timerNs(dueNs), this.rank, () => this.ring())
  }

  private ring(): void {
    const { nowNs } = this.timeline
    const waitNs = this.state.phase === 'waiting' ? this.connects.waitNs(nowNs) : 0
    if (waitNs > 0) this.alarm = this.timeline.at(nowNs + waitNs, this.rank, () => this.fire())
    else this.fire()
  }

  private fire(): void {
    this.alarm = undefined
    this.alarmNs = Infinity
    this.step({ kind: 'timer', atNs: this.timeline.nowNs })
  }

  /** As timers of a real run go: whole milliseconds, and one at least. */
  private timerNs(dueNs: number): number {
    const { nowNs } = this.timeline
    return nowNs + Math.max(1, Math.ceil((dueNs - nowNs) / 1e6)) * 1e6
  }

  private disarm(): void {
    this.alarm?.cancel()
    this.alarm = undefined
    this.alarmNs = Infinity
  }

  private connect(dueNs: number, startNs: number): void {
    this.connectingNs = startNs
    this.watcher.connecting(startNs)
    const client: SimulatedClient = new SimulatedClient(
      this.master,
      this.rank,
      {
        onLoggedIn: () => {
          this.watcher.loggedIn(dueNs, startNs, this.timeline.nowNs)
          this.step({ kind: 'loggedIn', atNs: this.timeline.nowNs })
        },
        onListBegun: change => {
          this.listFrom = change
        },
        onUpdates: (from, to) => this.heard(from, to),
        onLost: error => this.lost(client, error),
      },
      this.traits,
    )
    this.client = client
    if (this.frozen || this.cut) client.hold()
  }

  private sendUpdate(): void {
    this.watcher.dumpBegun(this.timeline.nowNs)
    this.client!.send({ kind: 'list', streams: true }, () => this.listEnded())
  }

  private listEnded(): void {
    if (this.state.phase !== 'dumping') return
    const { nowNs } = this.timeline
    const records = Math.round(this.master.mailboxes * (this.traits.share ?? 1))
    this.watcher.received(records * this.traits.bytesPerMailbox)
    this.watcher.dumped(this.state.dueNs, this.state.sentNs, nowNs, records)
    this.reached(this.listFrom, nowNs)
    this.step({ kind: 'listEnded', atNs: nowNs, mergeNs: Math.round(records * this.settings.mergeNsPerMailbox) })
  }

  private heard(from: number, to: number): void {
    const { nowNs } = this.timeline
    this.watcher.received(shareOf(this.traits, from, to) * this.traits.bytesPerMailbox)
    this.reached(to, nowNs)
    this.step({ kind: 'heard', atNs: nowNs })
  }

  /** What was changed before it joined was never meant for it. */
  private reached(change: number, nowNs: number): void {
    if (change <= this.has) return
    if (this.follows) this.propagation.reached(this.has, change, nowNs)
    this.has = change
  }

  private noopAnswered(): void {
    if (this.state.phase !== 'streaming' || this.state.noop === undefined) return
    const { nowNs } = this.timeline
    const { intendedNs, sentNs, kicks } = this.state.noop
    this.watcher.noopAnswered(intendedNs, sentNs, nowNs)
    for (let i = 0; i < kicks; i++) this.kicks.shift()!.answered(nowNs)
    this.step({ kind: 'noopAnswered', atNs: nowNs })
  }

  private timeOut(before: SlaveState, nowNs: number): void {
    if (before.phase !== 'streaming' || before.noop === undefined) return
    this.watcher.noopUnfinished(before.noop.intendedNs, before.noop.sentNs, nowNs)
    this.failKicks(nowNs)
    this.watcher.timedOut(nowNs - before.noop.intendedNs + this.settings.retryDelayNs)
    this.giveUpClient()
  }

  private giveUpClient(): void {
    const { client } = this
    this.client = undefined
    if (client === undefined) return
    if (this.cut) {
      client.closed = true
      this.givenUp.push(client)
    } else {
      client.logout()
      client.destroy()
    }
  }

  private lost(client: SimulatedClient, error: HarnessError): void {
    if (this.stopped || client !== this.client) return
    const { nowNs } = this.timeline
    this.client = undefined
    if (this.state.phase === 'connecting') {
      this.watcher.loginRefused(this.state.dueNs, this.connectingNs, nowNs, error)
    } else {
      this.giveUp(nowNs)
      this.watcher.dropped(error)
    }
    this.step({ kind: 'lost', atNs: nowNs })
  }

  private giveUp(nowNs: number): void {
    const { state } = this
    if (state.phase === 'connecting') this.watcher.loginUnfinished(state.dueNs, this.connectingNs, nowNs)
    if (state.phase === 'dumping') this.watcher.dumpUnfinished(state.dueNs, state.sentNs, nowNs)
    if (state.phase === 'streaming' && state.noop !== undefined)
      this.watcher.noopUnfinished(state.noop.intendedNs, state.noop.sentNs, nowNs)
    this.failKicks(nowNs)
  }

  private failKicks(nowNs: number): void {
    for (const kick of this.kicks.takeAll()) kick.failed(nowNs)
  }
}

function shareOf({ share = 1 }: ClientTraits, from: number, to: number): number {
  return Math.floor(to * share) - Math.floor(from * share)
}
