import { LOST_MS } from './protocol.js'

/** Looks at regular times whether another is silent for too long. */
export class Lookout {
  private lookedAtMs = performance.now()

  /** @returns since when who was not heard is lost, ms; nobody is where this process was held up: what came has not been looked at yet */
  look(): number {
    const nowMs = performance.now()
    const sinceMs = nowMs - this.lookedAtMs
    this.lookedAtMs = nowMs
    return sinceMs > LOST_MS / 2 ? -Infinity : nowMs - LOST_MS
  }
}
