import { atRank, Lags, type WeightedLag } from './lags.js'
import type { Mutation, PropagationObserver } from './ledger.js'

/** How long one mutation took to the slaves of one thread. */
export interface PropagationPart {
  /** Of the mutation, in the thread that sent it. */
  readonly order: number
  readonly okNs: number
  /** In order of length. */
  readonly lags: readonly WeightedLag[]
  /** Slaves that have it, and that wait for it still. */
  readonly seen: number
  readonly owed: number
}

/** Collects the times of one thread's slaves, by mutation. */
export class PropagationShare {
  private readonly lags = new Map<Mutation, Lags>()

  /** @param onPart with the thread that sent the mutation */
  constructor(private readonly onPart: (part: PropagationPart, sender: number) => void) {}

  delivered(mutation: Mutation, lagNs: number): void {
    let lags = this.lags.get(mutation)
    if (lags === undefined) {
      lags = new Lags()
      this.lags.set(mutation, lags)
    }
    lags.add(lagNs)
  }

  /** Nobody here waits for it any more. @param owed slaves that have waited in vain */
  ended(mutation: Mutation, owed: number): void {
    const { sender, sentOrder, okNs, seen } = mutation
    const lags = this.lags.get(mutation)?.kept ?? []
    this.lags.delete(mutation)
    if (okNs !== undefined) this.onPart({ order: sentOrder, okNs, lags, seen, owed }, sender)
  }
}

/** Puts the parts of all threads together: which slave of all was the first, the one in the middle, and the last. */
export class PropagationMerge {
  private readonly open = new Map<number, PropagationPart[]>()

  /** @param shares threads that have slaves, each of which tells of every mutation once */
  constructor(
    private shares: number,
    private readonly observer: PropagationObserver,
  ) {}

  add(part: PropagationPart): void {
    const parts = [...(this.open.get(part.order) ?? []), part]
    this.open.set(part.order, parts)
    if (parts.length < this.shares) return
    this.open.delete(part.order)
    this.tell(parts)
  }

  /** One of the threads is gone: nothing more comes of it. */
  lose(): void {
    this.shares--
    for (const [order, parts] of this.open) {
      if (parts.length < this.shares) continue
      this.open.delete(order)
      this.tell(parts)
    }
  }

  /** What some thread has not told of any more. */
  end(): void {
    for (const parts of this.open.values()) this.tell(parts, true)
    this.open.clear()
  }

  private tell(parts: readonly PropagationPart[], isTorn = false): void {
    const { okNs } = parts[0]!
    const lags = parts.flatMap(part => part.lags).sort((a, b) => a.ns - b.ns)
    if (lags.length === 0) return
    this.observer.reached('first', okNs, okNs + lags[0]!.ns)
    if (isTorn) return
    const owed = parts.reduce((sum, part) => sum + part.owed, 0)
    const seen = parts.reduce((sum, part) => sum + part.seen, 0)
    const medianNs = atRank(lags, Math.ceil((seen + owed) / 2))
    if (medianNs !== undefined) this.observer.reached('median', okNs, okNs + medianNs)
    if (owed === 0) this.observer.reached('last', okNs, okNs + lags.at(-1)!.ns)
  }
}
