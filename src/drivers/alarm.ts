import type { Clock } from '../core/clock.js'

/** Timers count in 32 bits of ms. */
const MOST_WAIT_MS = 3_600_000
/** They are late by up to so much, many times what a command takes. */
const GRAIN_MS = 2

/** Rings when a time may have come: whoever has set it looks, and sets it again where it has not. */
export class Alarm {
  private timer: NodeJS.Timeout | undefined
  private turn: NodeJS.Immediate | undefined

  /** @param isExact rings in each turn of the last two milliseconds; else when a timer does */
  constructor(
    private readonly clock: Clock,
    private readonly isExact: boolean,
  ) {}

  set(dueNs: number, ring: () => void): void {
    this.clear()
    const waitMs = (dueNs - this.clock.nowNs()) / 1e6 - (this.isExact ? GRAIN_MS : 0)
    if (this.isExact && waitMs < 0) this.turn = setImmediate(ring)
    else this.timer = setTimeout(ring, Math.min(waitMs, MOST_WAIT_MS))
  }

  clear(): void {
    clearTimeout(this.timer)
    clearImmediate(this.turn)
  }
}
