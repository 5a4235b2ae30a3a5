import type { SimulatedMaster } from './master.js'

/** Mailboxes loaded with one taking of the lock: fine enough for those who wait for it, coarse enough for millions. */
const PORTION = 100

/** The pipelined bulk load: ACTIVATEs one after the other, as fast as the lock lets them. */
export class SimulatedPreload {
  private left: number

  constructor(
    private readonly master: SimulatedMaster,
    count: number,
    private readonly rank: number,
    private readonly onLoaded: (count: number) => void,
  ) {
    this.left = count
  }

  get done(): boolean {
    return this.left === 0
  }

  start(): void {
    if (this.left === 0) return
    const { master } = this
    const { model, timeline } = master
    model.lock.acquire(this.rank, () => {
      const portion = Math.min(PORTION, this.left)
      const holdNs =
        model.costs.drawManyNs('activate', portion) + model.streams * model.costs.drawManyNs('logPerStream', portion)
      timeline.at(timeline.nowNs + holdNs, this.rank, () => {
        master.mailboxes += portion
        model.changes += portion
        this.onLoaded(portion)
        this.left -= portion
        model.lock.release()
        this.start()
      })
    })
  }
}
