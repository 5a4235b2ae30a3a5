import type { Clock } from '../core/clock.js'

/** Of a backlog so much is fired at a time: replies, and the order to stop, are heard between. */
const SLICE_NS = 10e6
/** Reading a clock for each of a million would be felt. */
const CLOCK_EVERY = 64
const MOST_COUNTED = 1_000_000

/**
 * Plays a plan of intended times: calls `fire` for each as soon as it is due, late ones too, and never skips any. Timers
 * have a grain of more than a millisecond, so several may fire together; each still carries the time it was meant for.
 * Whoever is awake anyway, with a reply in hand, calls {@link look}: what is due then need not wait for the timer.
 */
export class Schedule {
  private timer: NodeJS.Timeout | undefined
  private nextNs: number
  private stopped = false
  private firing = false
  /** A slice was not enough: the next one comes when others have had their turn. */
  private isBehind = false

  /** @param times intended starts, ns from `startNs`, ascending */
  constructor(
    private readonly clock: Clock,
    private readonly startNs: number,
    private readonly times: Iterator<number>,
    private readonly fire: (intendedNs: number) => void,
  ) {
    this.nextNs = this.pull()
    this.arm()
  }

  /** @returns how many have not been fired though they were due for longer than a slice; the first million of them */
  stop(): number {
    if (this.stopped) return 0
    this.stopped = true
    clearTimeout(this.timer)
    const overdueNs = this.clock.nowNs() - SLICE_NS
    let missed = 0
    for (; this.nextNs <= overdueNs && missed < MOST_COUNTED; missed++) this.nextNs = this.pull()
    return missed
  }

  private pull(): number {
    const { value, done } = this.times.next()
    return done ? Infinity : this.startNs + value
  }

  private arm(): void {
    if (this.stopped || this.nextNs === Infinity) return
    const waitMs = (this.nextNs - this.clock.nowNs()) / 1e6
    this.timer = setTimeout(() => this.run(), Math.max(0, Math.min(waitMs, 60_000)))
  }

  /** Fires what is due, as far as a slice goes. */
  look(): void {
    if (this.firing || this.isBehind) return
    this.firing = true
    const nowNs = this.clock.nowNs()
    for (let fired = 1; !this.stopped && this.nextNs <= nowNs; fired++) {
      const intendedNs = this.nextNs
      this.nextNs = this.pull()
      this.fire(intendedNs)
      if (fired % CLOCK_EVERY !== 0 || this.clock.nowNs() - nowNs <= SLICE_NS) continue
      this.isBehind = true
      clearTimeout(this.timer)
      this.arm()
      break
    }
    this.firing = false
  }

  private run(): void {
    this.isBehind = false
    this.look()
    if (!this.isBehind) this.arm()
  }
}
