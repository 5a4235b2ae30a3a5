/**
 * Makes this process use more CPU than its work needs, by a share of it: a regression whose size is known, for those who
 * want to see whether a gate finds it.
 */
export class Slowness {
  private usedUs = cpuUs()

  /** @param share 0.1: ten per cent */
  constructor(private readonly share: number) {}

  /** After a piece of work: as much again as its share, of all that was used since the last call. */
  pay(): void {
    const untilUs = cpuUs() + (cpuUs() - this.usedUs) * this.share
    while (cpuUs() < untilUs) {
      // The CPU is what is to be used up.
    }
    this.usedUs = cpuUs()
  }
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
