import type { Clock } from '../core/clock.js'

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

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
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

  /** Fires what is due. */
  look(): void {
    if (this.firing) return
    this.firing = true
    const nowNs = this.clock.nowNs()
    while (!this.stopped && this.nextNs <= nowNs) {
      const intendedNs = this.nextNs
      this.nextNs = this.pull()
      this.fire(intendedNs)
    }
    this.firing = false
  }

  private run(): void {
    this.look()
    this.arm()
  }
}
