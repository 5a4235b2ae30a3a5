/** Whether looks at a process follow each other without a gap; in ns of one clock. */
export class LookLine {
  /** Up to there it is known what was seen, or that it is not known. */
  settledNs = 0
  missedNs = 0

  constructor(private readonly onMissed: (ns: number) => void) {}

  /** What was before is of no interest. */
  begin(nowNs: number): void {
    this.settledNs = nowNs
  }

  /** @returns whether it counts: not when it reaches back into what is settled already */
  take(fromNs: number, toNs: number): boolean {
    if (fromNs < this.settledNs) return false
    this.settle(fromNs)
    this.settledNs = toNs
    return true
  }

  /** What was not seen until then will not be seen any more. */
  settle(untilNs: number): void {
    const ns = untilNs - this.settledNs
    if (ns <= 0) return
    this.settledNs = untilNs
    this.missedNs += ns
    this.onMissed(ns)
  }
}
