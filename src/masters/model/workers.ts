import { Fifo } from '../../core/fifo.js'
import { drawLogNormal, type Random } from '../../core/random.js'
import type { Timeline } from '../../core/timeline.js'
import type { ModelConnection } from './connection.js'
import type { ModelSettings } from './settings.js'

/** What the listener needs to wake up, see an event and hand its role on. */
export const ROUND_NS = 30_000
/**
 * What idle connections add to a turn: each is put into a list that is looked through for it first (lib/prot.c
 * protgroup_insert). Measured: a NOOP on a rested connection beside 0, 100, 300, 800 idle ones takes 120, 144, 218, 561 µs.
 */
const PER_IDLE_NS = 190
const PER_IDLE_PAIR_NS = 0.45

/** @param idle connections that wait for their clients */
export function turnNs(idle: number): number {
  return ROUND_NS + Math.round(idle * (PER_IDLE_NS + PER_IDLE_PAIR_NS * idle))
}
/** pthread_create(3), while the listener still has its role. */
export const MAKE_NS = 60_000
/**
 * From there until the thread runs and counts itself. Log-normal: mostly it is longer than a turn, so that the next
 * listener makes one more for the same want, and `mupdate_workers_max` is overshot where many come at once: told 50, real ones
 * have had 50 to 60. Measured (`npm run bench -- 3 workers`).
 */
export const START = { medianNs: 115_000, sigma: 1.1 } as const
const SECOND_NS = 1e9

/** In the pipe: one connection more is idle (`NO_NEW_CONNECTION`). */
const NOTE = null

/**
 * The worker threads (imap/mupdate.c thread_main). One of the idle ones listens: it sleeps in select(2) on all idle
 * connections and the pipe, takes one event, sees to it that enough others are there, lets the next one listen, and
 * works. What comes through the pipe is a new connection, or a note that one has become idle. One of them is read in each
 * turn: a new connection comes at once; with a note, or with nothing, it is an idle connection's turn. Where workers
 * are short, a new one therefore waits until as many turns have gone by as notes were before it.
 * Left out: that spare ones go after 60 s without work; nothing waits for them.
 */
export class Workers {
  /** All that exist, and those of them that wait for work. */
  count = 0
  idle = 0
  private rounding = false
  private readonly pipe = new Fifo<ModelConnection | typeof NOTE>()
  /** Idle connections: the one that came last is looked at first. */
  private readonly waiting = new Set<ModelConnection>()
  private readonly readable = new Set<ModelConnection>()
  private wakeNs = Infinity
  private wake = 0

  constructor(
    private readonly timeline: Timeline,
    private readonly settings: ModelSettings,
    private readonly drawAcceptNs: () => number,
    private readonly random: Random,
  ) {
    this.count = settings.workersStart
    this.idle = settings.workersStart
  }

  /** None is left to hear anybody, and none may be made. */
  get exhausted(): boolean {
    return this.idle === 0 && this.count >= this.settings.workersMax
  }

  accept(connection: ModelConnection): void {
    this.pipe.push(connection)
    this.listen()
  }

  /** The connection waits for its client, or for its timer. */
  watch(connection: ModelConnection): void {
    this.waiting.add(connection)
    if (connection.hasInput) this.readable.add(connection)
    this.pipe.push(NOTE)
    this.listen()
  }

  /** Its client has sent something. */
  heard(connection: ModelConnection): void {
    if (!this.waiting.has(connection)) return
    this.readable.add(connection)
    this.listen()
  }

  /** A worker has done its work. */
  free(): void {
    if (this.idle >= this.settings.workersMaxSpare) {
      this.count--
      return
    }
    this.idle++
    this.listen()
  }

  private listen(): void {
    if (this.rounding || this.idle === 0) return
    const { pipe } = this
    // Turns that find a note and nothing else are over before anybody notices.
    if (this.readable.size === 0 && !this.dueNow()) {
      while (pipe.peek() === NOTE) pipe.shift()
      if (pipe.length === 0) return
    }
    this.rounding = true
    const fresh = pipe.shift() ?? undefined
    // The listener makes a connection's state (its host's name, SASL's) before it lets others listen.
    const lastsNs = turnNs(this.waiting.size) + (fresh === undefined ? 0 : this.drawAcceptNs())
    this.after(lastsNs, () => this.round(fresh))
  }

  private round(fresh: ModelConnection | undefined): void {
    const connection = fresh ?? this.pick()
    if (connection === undefined) {
      this.handOver()
      return
    }
    if (fresh === undefined) {
      this.waiting.delete(connection)
      this.readable.delete(connection)
    }
    this.idle--
    this.makeThreads(() => {
      if (fresh === undefined) connection.serve()
      else connection.begin()
      this.handOver()
    })
  }

  private handOver(): void {
    this.rounding = false
    this.listen()
  }

  /** Of those that have sent something, and the one whose timer is due, the one that became idle last. */
  private pick(): ModelConnection | undefined {
    const due = this.earliest()
    let last = due !== undefined && isDue(due, this.timeline.nowNs) ? due : undefined
    for (const connection of this.readable)
      if (last === undefined || connection.idleOrder > last.idleOrder) last = connection
    return last
  }

  private earliest(): ModelConnection | undefined {
    let first: ModelConnection | undefined
    for (const connection of this.waiting) {
      if (
        first === undefined ||
        connection.dueS < first.dueS ||
        (connection.dueS === first.dueS && connection.idleOrder > first.idleOrder)
      )
        first = connection
    }
    return first
  }

  /** Whether a timer is due; else wakes up for it: whole seconds from now (lib/prot.c prot_select). */
  private dueNow(): boolean {
    const due = this.earliest()
    if (due === undefined) return false
    const { nowNs } = this.timeline
    if (isDue(due, nowNs)) return true
    const atNs = nowNs + (due.dueS - Math.floor(nowNs / SECOND_NS)) * SECOND_NS
    // An earlier one stays, and looks again.
    if (atNs >= this.wakeNs) return false
    this.wakeNs = atNs
    const wake = ++this.wake
    this.timeline.at(atNs, 0, () => {
      if (wake !== this.wake) return
      this.wakeNs = Infinity
      this.listen()
    })
    return false
  }

  /** Those that are missing, and may be: a thread counts itself when it runs, until then the next turn misses it too. */
  private makeThreads(then: () => void): void {
    const { workersMinSpare, workersMax } = this.settings
    const missing = Math.max(0, Math.min(workersMinSpare - this.idle, workersMax - this.count))
    for (let made = 0; made < missing; made++) {
      const startsNs = drawLogNormal(this.random, START.medianNs, START.sigma)
      this.after(made * MAKE_NS + Math.round(startsNs), () => {
        this.count++
        this.free()
      })
    }
    if (missing === 0) then()
    else this.after(missing * MAKE_NS, then)
  }

  private after(ns: number, what: () => void): void {
    this.timeline.at(this.timeline.nowNs + ns, 0, what)
  }
}

function isDue({ dueS }: ModelConnection, nowNs: number): boolean {
  return Math.floor(nowNs / SECOND_NS) >= dueS
}
