/** Less is not worth asking the clock for. */
const LEAST_US = 5
/** The clock is asked oftener, unless somebody else has the CPU. */
const PREEMPTED_MS = 0.05

/**
 * Makes this process use more CPU than its work needs, by a share of it: a regression whose size is known, for those who
 * want to see whether a gate finds it.
 */
export class Slowness {
  private wastedUs = 0
  private readonly startUs = cpuUs()

  /** @param share 0.1: ten per cent */
  constructor(private readonly share: number) {}

  /** After a piece of work: what is owed for all work so far, that of helping threads too, is used up in vain. */
  pay(): void {
    const workUs = cpuUs() - this.startUs - this.wastedUs
    const owedUs = workUs * this.share - this.wastedUs
    if (owedUs < LEAST_US) return
    // By the clock of the wall: other threads' CPU is in the process's, and is no waste; nor is what others had of this one's.
    let lastMs = performance.now()
    for (let leftMs = owedUs / 1e3; leftMs > 0; ) {
      const nowMs = performance.now()
      if (nowMs - lastMs < PREEMPTED_MS) leftMs -= nowMs - lastMs
      lastMs = nowMs
    }
    this.wastedUs += owedUs
  }
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
