/** To ask what was used is a system call, which by itself would slow down by some per cent if each piece of work did it. */
const EVERY_MS = 2
/** The clock is asked oftener, unless somebody else has the CPU. */
const PREEMPTED_MS = 0.05

/**
 * Makes this process use more CPU than its work needs, by a share of it: a regression whose size is known, for those who
 * want to see whether a gate finds it.
 */
export class Slowness {
  private wastedUs = 0
  private lastMs = -Infinity
  private readonly startUs = cpuUs()

  /** @param share 0.1: ten per cent */
  constructor(private readonly share: number) {}

  /** After a piece of work: what is owed for all work so far, that of helping threads too, is used up in vain. */
  pay(): void {
    if (performance.now() - this.lastMs < EVERY_MS) return
    const usedUs = cpuUs() - this.startUs
    const owedUs = (usedUs - this.wastedUs) * this.share - this.wastedUs
    burn(owedUs / 1e3)
    // Less than owed where others had the CPU for a moment; what is more, other threads used for their work.
    this.wastedUs += Math.min(owedUs, cpuUs() - this.startUs - usedUs)
    this.lastMs = performance.now()
  }
}

/** By the clock of the wall: other threads' CPU is in the process's, and is no waste. */
function burn(leftMs: number): void {
  let lastMs = performance.now()
  while (leftMs > 0) {
    const nowMs = performance.now()
    if (nowMs - lastMs < PREEMPTED_MS) leftMs -= nowMs - lastMs
    lastMs = nowMs
  }
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
