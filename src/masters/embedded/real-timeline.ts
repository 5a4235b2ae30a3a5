import type { Clock } from '../../core/clock.js'
import { type Alarm, type Timeline, VirtualTimeline } from '../../core/timeline.js'

/** How a process is woken; each returns how to call it off. */
export interface Waking {
  after(delayMs: number, what: () => void): () => void
  /** When the events that wait have been served. */
  soon(what: () => void): () => void
}

/** Node's timers are late by up to a millisecond: what is due sooner is waited for turn by turn. */
const TURNS_NS = 1.5e6

/**
 * A model's time, which is that of a clock. What was due happens in its own order and at its own moments, however late
 * the process woke up; what comes from outside happens now, after all that was due before.
 */
export class RealTimeline implements Timeline {
  private readonly events = new VirtualTimeline()
  private disarm: (() => void) | undefined
  private armedNs = Infinity
  private running = false

  constructor(
    private readonly clock: Clock,
    private readonly waking: Waking,
  ) {
    this.events.runUntil(clock.nowNs())
  }

  /** Of the event that is happening; between events, of the last one. */
  get nowNs(): number {
    return this.events.nowNs
  }

  get nextNs(): number | undefined {
    return this.events.nextNs
  }

  at(ns: number, rank: number, what: () => void): Alarm {
    const alarm = this.events.at(ns, rank, what)
    if (!this.running) this.arm()
    return alarm
  }

  /** Something from outside: a socket's event, an order. From within an event it is a part of that. */
  happens(what: () => void): void {
    if (this.running) {
      what()
      return
    }
    this.running = true
    try {
      this.events.runUntil(this.clock.nowNs())
      what()
    } finally {
      this.running = false
    }
    this.arm()
  }

  /** Nothing happens any more, unless something comes from outside. */
  stop(): void {
    this.disarm?.()
    this.disarm = undefined
    this.armedNs = Infinity
  }

  /** One wake-up, for the next event: an earlier one stays, and looks again when it comes. */
  private arm(): void {
    const nextNs = this.events.nextNs ?? Infinity
    if (nextNs >= this.armedNs) return
    this.disarm?.()
    this.armedNs = nextNs
    const inNs = nextNs - this.clock.nowNs()
    const wake = () => {
      this.disarm = undefined
      this.armedNs = Infinity
      this.happens(() => {})
    }
    this.disarm = inNs > TURNS_NS ? this.waking.after(Math.floor(inNs / 1e6 - 0.5), wake) : this.waking.soon(wake)
  }
}
