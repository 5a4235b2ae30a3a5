import pLimit from 'p-limit'
import { isRefusal, messageOf } from '../core/errors.js'
import { entityRandom } from '../core/random.js'
import { Slave, type SlaveObserver } from '../slaves/slave.js'
import type { DriverContext, DriverPhase } from './context.js'

export interface SlavesOptions {
  readonly count: number
  readonly retryDelayNs: number
  /** Time over which the first connections are spread; 0 is all at once. */
  readonly staggerNs: number
}

/** A swarm of frontends that mirror the list. */
export class Slaves {
  private swarm: Slave[] = []
  private streaming = 0
  private complete = false
  private stopped = false

  constructor(
    private readonly context: DriverContext,
    private readonly options: SlavesOptions,
  ) {}

  start(phase: DriverPhase): void {
    const { count, retryDelayNs, staggerNs } = this.options
    const { address, credentials, clock, seed } = this.context
    for (let i = 0; i < count; i++) {
      const times = { retryDelayNs, random: entityRandom(seed, 'slave', i) }
      const startNs = phase.startNs + (staggerNs * i) / count
      const watcher = new Watcher(this.context, i, streams => this.follow(streams))
      this.swarm.push(new Slave({ address, credentials, clock }, times, watcher, startNs))
    }
  }

  /** All of them have the list and stream. */
  get allStreaming(): boolean {
    return this.swarm.every(slave => slave.streaming)
  }

  /** Sets the gauge; once they were told to stop it stays at what it was then. */
  observe(): void {
    if (this.stopped) return
    this.context.counters.slavesStreaming = this.swarm.reduce((sum, slave) => sum + (slave.streaming ? 1 : 0), 0)
  }

  async stop(): Promise<void> {
    this.observe()
    this.stopped = true
    const limit = pLimit(64)
    await Promise.all(this.swarm.map(slave => limit(() => slave.stop(300))))
    this.swarm = []
  }

  /** As it happens: frontends can be lost and back between two looks at a gauge. */
  private follow(streams: boolean): void {
    const { counters } = this.context
    this.streaming += streams ? 1 : -1
    const missing = this.options.count - this.streaming
    if (missing === 0) {
      this.complete = true
      counters.slavesComplete = 1
    }
    if (this.complete) counters.slavesMostLost = Math.max(counters.slavesMostLost, missing)
  }
}

/** Puts what one slave sees into the run's metrics, counters and events. */
class Watcher implements SlaveObserver {
  private dumps = 0
  private streams = false

  constructor(
    private readonly context: DriverContext,
    private readonly index: number,
    private readonly onChange: (streams: boolean) => void,
  ) {}

  loggedIn(dueNs: number, startNs: number, doneNs: number): void {
    this.metric('LOGIN', dueNs).add('ok', dueNs, startNs, doneNs)
  }

  dumped(dueNs: number, sentNs: number, doneNs: number, records: number): void {
    this.metric('UPDATE', dueNs).add('ok', dueNs, sentNs, doneNs)
    this.follow(true)
    if (this.dumps++ > 0) {
      this.context.counters.slaveResyncs++
      this.event('slave-resynced', `${records} mailboxes in ${((doneNs - sentNs) / 1e9).toFixed(3)} s`)
    } else {
      this.event('slave-synced', `${records} mailboxes in ${((doneNs - sentNs) / 1e9).toFixed(3)} s`)
    }
  }

  dumpUnfinished(dueNs: number, sentNs: number, nowNs: number): void {
    this.metric('UPDATE', dueNs).add('unfinished', dueNs, sentNs, nowNs)
  }

  record(): void {}

  noopAnswered(intendedNs: number, sentNs: number, doneNs: number): void {
    this.metric('NOOP.slave', intendedNs).add('ok', intendedNs, sentNs, doneNs)
  }

  noopUnfinished(intendedNs: number, sentNs: number, nowNs: number): void {
    this.metric('NOOP.slave', intendedNs).add('unfinished', intendedNs, sentNs, nowNs)
  }

  timedOut(silentNs: number): void {
    this.follow(false)
    this.context.counters.slaveTimeouts++
    this.context.counters.slaveDrops++
    this.event('slave-timed-out', `connection to master timed out after ${(silentNs / 1e9).toFixed(1)} s of silence`)
  }

  dropped(error: Error): void {
    this.follow(false)
    this.context.counters.slaveDrops++
    this.event('slave-dropped', error.message)
  }

  loginRefused(dueNs: number, startNs: number, nowNs: number, error: unknown): void {
    this.metric('LOGIN', dueNs).add(isRefusal(error) ? 'failed' : 'unfinished', dueNs, startNs, nowNs)
    this.event('slave-refused', messageOf(error))
  }

  dumpRefused(dueNs: number, sentNs: number, nowNs: number, text: string): void {
    this.metric('UPDATE', dueNs).add('failed', dueNs, sentNs, nowNs)
    this.event('slave-refused', `UPDATE: ${text}`)
  }

  private follow(streams: boolean): void {
    if (streams === this.streams) return
    this.streams = streams
    this.onChange(streams)
  }

  private metric(name: string, startNs: number) {
    return this.context.recorder.metric(this.context.phase(startNs), 'commands', name)
  }

  private event(kind: string, detail: string): void {
    this.context.event(kind, `slave ${this.index}: ${detail}`)
  }
}
