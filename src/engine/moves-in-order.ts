import type { Interval, SlaveMove } from '../metrics/interval.js'

/**
 * Moves of slaves in order of time. Threads hand up their intervals at different moments: a move is given out once every
 * thread has told of all until then.
 */
export class MovesInOrder {
  private readonly toldUntilNs: Map<string, number>
  private waiting: SlaveMove[] = []

  /** @param threads those that have slaves */
  constructor(threads: readonly string[]) {
    this.toldUntilNs = new Map(threads.map(thread => [thread, -Infinity]))
  }

  /** @returns those that may be looked at now */
  add({ worker, toNs, moves }: Pick<Interval, 'worker' | 'toNs' | 'moves'>): SlaveMove[] {
    if (!this.toldUntilNs.has(worker)) return []
    this.toldUntilNs.set(worker, toNs)
    this.waiting = [...this.waiting, ...moves].sort((a, b) => a.atNs - b.atNs)
    return this.ready()
  }

  private ready(): SlaveMove[] {
    const untilNs = Math.min(...this.toldUntilNs.values())
    const later = this.waiting.findIndex(({ atNs }) => atNs > untilNs)
    return this.waiting.splice(0, later === -1 ? this.waiting.length : later)
  }

  /** It tells nothing more. @returns what waited for it */
  forget(thread: string): SlaveMove[] {
    this.toldUntilNs.delete(thread)
    return this.ready()
  }

  /** Those of which nobody tells more. */
  rest(): SlaveMove[] {
    return this.waiting.splice(0)
  }
}
