/** Something that is to happen, and can be called off. */
export interface Alarm {
  cancel(): void
}

/** A clock that also calls: of the machine in real time, of nobody's in virtual time. */
export interface Timeline {
  readonly nowNs: number
  /** When the next event is; undefined when nothing is to happen any more. Those called off count. */
  readonly nextNs: number | undefined
  /**
   * @param rank order among what happens at the same ns, lowest first: whose it is, not who asked first, so that a
   *   result never depends on the order of asking; of one rank, who asked first
   */
  at(ns: number, rank: number, what: () => void): Alarm
}

class Entry implements Alarm {
  constructor(
    readonly ns: number,
    readonly rank: number,
    readonly order: number,
    public what: (() => void) | undefined,
  ) {}

  cancel(): void {
    this.what = undefined
  }
}

/** Time that passes from one event to the next, and not in between: a discrete-event simulation's. */
export class VirtualTimeline implements Timeline {
  nowNs = 0
  private readonly heap: Entry[] = []
  private asked = 0

  get nextNs(): number | undefined {
    return this.heap[0]?.ns
  }

  at(ns: number, rank: number, what: () => void): Alarm {
    const entry = new Entry(Math.max(ns, this.nowNs), rank, this.asked++, what)
    this.push(entry)
    return entry
  }

  /** Lets happen all that is due up to a moment, which is now afterwards. */
  runUntil(ns: number): void {
    while (this.heap.length > 0 && this.heap[0].ns <= ns) this.step()
    this.nowNs = Math.max(this.nowNs, ns)
  }

  /** The next event. @returns false when there is none */
  step(): boolean {
    const entry = this.pop()
    if (entry === undefined) return false
    if (entry.what === undefined) return true
    this.nowNs = entry.ns
    entry.what()
    return true
  }

  private push(entry: Entry): void {
    const { heap } = this
    let i = heap.push(entry) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(entry, heap[parent])) break
      heap[i] = heap[parent]
      i = parent
    }
    heap[i] = entry
  }

  private pop(): Entry | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return first
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++
      if (!isBefore(heap[child], last)) break
      heap[i] = heap[child]
      i = child
    }
    heap[i] = last
    return first
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  if (a.ns !== b.ns) return a.ns < b.ns
  if (a.rank !== b.rank) return a.rank < b.rank
  return a.order < b.order
}
