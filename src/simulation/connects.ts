/** Connects that follow each other sooner than this are one after the other of one batch. */
const BATCH_NS = 1e6
const FIRST_GAP_NS = 450e3
const LEAST_GAP_NS = 40e3

/**
 * A run connects one frontend after the other: the second of those that are due together 0.45 ms after the first, each
 * next one sooner, down to 40 µs (`connecting` in slaves.ndjson, of runs on a real Cyrus). All at the same ns would be a
 * burst that no master sees.
 */
export class Connects {
  private lastNs = -Infinity
  private batch = 0

  /** Of the next one that is due. @returns how long it has to wait for its turn */
  waitNs(nowNs: number): number {
    if (nowNs > this.lastNs + BATCH_NS) {
      this.batch = 0
      this.lastNs = nowNs
    } else {
      this.lastNs += Math.max(LEAST_GAP_NS, Math.round(FIRST_GAP_NS / ++this.batch))
    }
    return Math.max(0, this.lastNs - nowNs)
  }
}
