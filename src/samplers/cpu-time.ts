import { type SchedTimes, TICK_NS } from './proc.js'

/** utime and stime are each cut off to whole ticks. */
const CUT_OFF_NS = 2 * TICK_NS

/**
 * CPU time of one process, finer than `/proc/PID/stat`: that knows the time of ended threads, in ticks of 10 ms; the
 * `schedstat` of each thread knows ns, and is gone with the thread. The true sum is at most two ticks above what `stat`
 * says, so the threads' sum decides within that, and `stat` where threads took more along when they ended.
 */
export class CpuTime {
  private threads: ReadonlyMap<number, SchedTimes> = new Map()
  /** Of threads that have ended, as far as it was seen, and what is known from `stat` to be missing. */
  private besideNs = 0

  /** @returns ns since an arbitrary moment before the first call; only differences mean anything */
  read(statNs: number, threads: ReadonlyMap<number, SchedTimes>): number {
    for (const [tid, then] of this.threads) if (hasEnded(then, threads.get(tid))) this.besideNs += then.runNs
    this.threads = threads
    let liveNs = 0
    for (const { runNs } of threads.values()) liveNs += runNs
    const cpuNs = Math.min(Math.max(liveNs + this.besideNs, statNs), statNs + CUT_OFF_NS)
    this.besideNs = cpuNs - liveNs
    return cpuNs
  }
}

/** Times only grow: smaller ones belong to a new thread that was given an ended one's number. */
export function hasEnded(then: SchedTimes, now: SchedTimes | undefined): boolean {
  return now === undefined || now.runNs < then.runNs || now.waitNs < then.waitNs
}
