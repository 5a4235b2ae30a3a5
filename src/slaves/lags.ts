/** Kept of many: enough for a median to 1.6 % of them. */
const KEPT = 65
/** So often nothing has to be sorted. */
const ROOM = 4 * KEPT

/** A time, and for how many it stands. */
export interface WeightedLag {
  readonly ns: number
  readonly weight: number
}

/** How long one mutation took to each of many slaves, in bounded memory: exactly for a few, else at even distances, with the first and the last. */
export class Lags {
  private all: WeightedLag[] = []

  add(ns: number): void {
    this.all.push({ ns, weight: 1 })
    if (this.all.length >= ROOM) this.all = thinned(sorted(this.all))
  }

  /** In order of length. */
  get kept(): readonly WeightedLag[] {
    const all = sorted(this.all)
    return all.length <= KEPT ? all : thinned(all)
  }
}

function sorted(lags: readonly WeightedLag[]): WeightedLag[] {
  return lags.toSorted((a, b) => a.ns - b.ns)
}

/** The first and the last stay as they are; each of the others stands for its neighbours. */
function thinned(lags: readonly WeightedLag[]): WeightedLag[] {
  const inner = lags.slice(1, -1)
  const each = inner.reduce((sum, { weight }) => sum + weight, 0) / (KEPT - 2)
  const kept = [lags[0]!]
  let sum = 0
  let isTaken = 0
  for (const { ns, weight } of inner) {
    sum += weight
    // As many as end within it, all told at its time.
    const ends = Math.round(sum / each) - isTaken
    if (ends <= 0) continue
    isTaken += ends
    kept.push({ ns, weight: ends * each })
  }
  return [...kept, lags.at(-1)!]
}

/** @param lags in order of length @param rank from 1 on @returns undefined where there are not so many */
export function atRank(lags: readonly WeightedLag[], rank: number): number | undefined {
  let sum = 0
  for (const { ns, weight } of lags) {
    sum += weight
    // Parts of one do not add up to whole ones.
    if (sum >= rank - 1e-6) return ns
  }
  return undefined
}
