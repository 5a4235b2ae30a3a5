/** Less is not worth asking the clock for. */
const LEAST_US = 5

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
    // By the clock of the wall: other threads' CPU is in the process's, and is no waste.
    const untilMs = performance.now() + owedUs / 1e3
    while (performance.now() < untilMs) {
      // The CPU is what is to be used up.
    }
    this.wastedUs += owedUs
  }
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
