import type { ThreadSecond } from '../metrics/second-line.js'
import type { LoadSample } from '../samplers/load.js'
import type { ProcessSample } from '../samplers/process-cpu.js'
import { WatchSpan } from './watch.js'

/** Threads that did less are left out: a master has dozens that sleep. */
const LEAST_SHARE = 0.005

/** A short span, with each of the master's threads by itself and when it was pegged. */
export class DetailedWatchSpan extends WatchSpan {
  private readonly threadNs = new Map<number, { runNs: number; waitNs: number }>()
  private sampledNs = 0
  /** From and to of each stretch in which the master was pegged. */
  readonly peggedNs: [number, number][] = []

  override add(master: ProcessSample | undefined, load: LoadSample | undefined): void {
    super.add(master, load)
    if (master === undefined) return
    const { atNs, elapsedNs } = master
    this.sampledNs += elapsedNs
    for (const { tid, runShare, waitShare } of master.threads) {
      const used = this.threadNs.get(tid) ?? { runNs: 0, waitNs: 0 }
      used.runNs += runShare * elapsedNs
      used.waitNs += waitShare * elapsedNs
      this.threadNs.set(tid, used)
    }
    if (!master.pegged) return
    const last = this.peggedNs.at(-1)
    if (last !== undefined && last[1] >= atNs - elapsedNs) last[1] = atNs
    else this.peggedNs.push([atNs - elapsedNs, atNs])
  }

  /** Busiest first. */
  get threads(): ThreadSecond[] {
    return [...this.threadNs]
      .map(([tid, { runNs, waitNs }]) => ({
        tid,
        runShare: runNs / this.sampledNs,
        waitShare: waitNs / this.sampledNs,
      }))
      .filter(({ runShare, waitShare }) => runShare + waitShare >= LEAST_SHARE)
      .sort((a, b) => b.runShare - a.runShare)
  }
}
