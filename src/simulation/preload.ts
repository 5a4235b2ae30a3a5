import type { CyrusModel } from '../masters/model/cyrus-model.js'
import type { SimulatedMaster } from './master.js'

/** Mailboxes loaded with one taking of the lock: fine enough for those who wait for it, coarse enough for millions. */
const PORTION = 100

/** The pipelined bulk load: ACTIVATEs one after the other, as fast as the lock lets them. */
export class SimulatedPreload {
  private left: number
  private stopped = false

  constructor(
    private readonly master: SimulatedMaster,
    count: number,
    private readonly rank: number,
    private readonly onLoaded: (count: number) => void,
  ) {
    this.left = count
  }

  get done(): boolean {
    return this.left === 0 || this.stopped
  }

  /** Goes on where it was, when the master that it was loading is gone and another one there. */
  start(): void {
    this.loadNext(this.master.model)
  }

  stop(): void {
    this.stopped = true
  }

  private loadNext(model: CyrusModel): void {
    const { master } = this
    const { timeline } = master
    if (this.done || model !== master.model) return
    model.lock.acquire(this.rank, () => {
      if (this.done || model !== master.model) {
        model.lock.release()
        return
      }
      const portion = Math.min(PORTION, this.left)
      const holdNs =
        model.costs.drawManyNs('activate', portion) + model.streams * model.costs.drawManyNs('logPerStream', portion)
      timeline.at(timeline.nowNs + holdNs, this.rank, () => {
        if (model !== master.model) return
        master.mailboxes += portion
        model.changes += portion
        this.onLoaded(portion)
        this.left -= portion
        model.lock.release()
        this.loadNext(model)
      })
    })
  }
}
