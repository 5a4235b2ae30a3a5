import type { Mutation, PropagationObserver } from './ledger.js'

/** How long one mutation took to the slaves of one thread. */
export interface PropagationPart {
  /** Of the mutation. */
  readonly order: number
  readonly okNs: number
  /** In order of length; of many, so many at even distances, the first and the last among them. */
  readonly lagsNs: readonly number[]
  /** Slaves that have it, and that wait for it still. */
  readonly seen: number
  readonly owed: number
}

/** Of thousands of times: enough for a median to 1.6 % of the slaves. */
const MOST_LAGS = 65

/** Collects the times of one thread's slaves, by mutation. */
export class PropagationShare {
  private readonly lagsNs = new Map<number, number[]>()

  constructor(private readonly onPart: (part: PropagationPart) => void) {}

  delivered({ order }: Mutation, lagNs: number): void {
    const lagsNs = this.lagsNs.get(order)
    if (lagsNs === undefined) this.lagsNs.set(order, [lagNs])
    else lagsNs.push(lagNs)
  }

  /** Nobody here waits for it any more. @param owed slaves that have waited in vain */
  ended({ order, okNs, seen }: Mutation, owed: number): void {
    if (okNs === undefined) return
    const lagsNs = this.lagsNs.get(order) ?? []
    this.lagsNs.delete(order)
    this.onPart({ order, okNs, lagsNs: thinned(lagsNs.sort((a, b) => a - b)), seen, owed })
  }
}

/** Puts the parts of all threads together: which slave of all was the first, the one in the middle, and the last. */
export class PropagationMerge {
  private readonly open = new Map<number, PropagationPart[]>()

  /** @param shares threads that have slaves, each of which tells of every mutation once */
  constructor(
    private readonly shares: number,
    private readonly observer: PropagationObserver,
  ) {}

  add(part: PropagationPart): void {
    const parts = [...(this.open.get(part.order) ?? []), part]
    this.open.set(part.order, parts)
    if (parts.length < this.shares) return
    this.open.delete(part.order)
    this.tell(parts)
  }

  /** What some thread has not told of any more. */
  end(): void {
    for (const parts of this.open.values()) this.tell(parts, true)
    this.open.clear()
  }

  private tell(parts: readonly PropagationPart[], isTorn = false): void {
    const { okNs } = parts[0]!
    const lags = parts.flatMap(({ lagsNs, seen }) => lagsNs.map(ns => ({ ns, weight: seen / lagsNs.length })))
    if (lags.length === 0) return
    lags.sort((a, b) => a.ns - b.ns)
    this.observer.reached('first', okNs, okNs + lags[0]!.ns)
    if (isTorn) return
    const owed = parts.reduce((sum, part) => sum + part.owed, 0)
    const seen = parts.reduce((sum, part) => sum + part.seen, 0)
    const medianNs = atRank(lags, Math.ceil((seen + owed) / 2))
    if (medianNs !== undefined) this.observer.reached('median', okNs, okNs + medianNs)
    if (owed === 0) this.observer.reached('last', okNs, okNs + lags.at(-1)!.ns)
  }
}

/** @param rank from 1 on @returns undefined where there are not so many */
function atRank(lags: readonly { readonly ns: number; readonly weight: number }[], rank: number): number | undefined {
  let sum = 0
  for (const { ns, weight } of lags) {
    sum += weight
    // Thirds and the like do not add up to whole ones.
    if (sum >= rank - 1e-6) return ns
  }
  return undefined
}

function thinned(sorted: readonly number[]): readonly number[] {
  if (sorted.length <= MOST_LAGS) return sorted
  const step = (sorted.length - 1) / (MOST_LAGS - 1)
  return Array.from({ length: MOST_LAGS }, (_, i) => sorted[Math.round(i * step)]!)
}
