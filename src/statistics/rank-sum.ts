import { leastRare, subsetWays, tailAt, twiceMidranks } from './rank-sums.js'
import { median } from './quantile.js'
import { type Interval, intervalOf } from './rank-interval.js'

/** What two samples that are not paired say of whether one lies above the other. */
export interface RankSum {
  /** Pairs of one of B and one of A in which B's is greater, a tie counting half. */
  readonly u: number
  /** Probability of a U as great as this one, or greater, were all in one population. Exact. */
  readonly pGreater: number
  readonly pLess: number
  readonly pTwoSided: number
  /** Cliff's delta, -1 to 1: the share of pairs in which B is greater, less that in which it is smaller. */
  readonly effect: number
}

/**
 * The test of Mann and Whitney (1947), exact, with ties as with none: all ways to share the ranks out are counted.
 * `pGreater` is small where B lies above A.
 */
export function rankSum(a: readonly number[], b: readonly number[]): RankSum {
  const { ranks, sum, whole } = rankedTogether(a, b)
  const ways = subsetWays(ranks, b.length)
  const pGreater = tailAt(ways, sum)
  // As likely as that A's ranks are as great as they are.
  const pLess = tailAt(subsetWays(ranks, a.length), whole - sum)
  const u = (sum - b.length * (b.length + 1)) / 2
  return {
    u,
    pGreater,
    pLess,
    pTwoSided: Math.min(1, 2 * Math.min(pGreater, pLess)),
    effect: (2 * u) / (a.length * b.length) - 1,
  }
}

/** Ranks of all, their sum, and the part of it that is B's; all doubled. */
function rankedTogether(a: readonly number[], b: readonly number[]) {
  const ranks = twiceMidranks([...a, ...b])
  const total = (some: readonly number[]) => some.reduce((sum, rank) => sum + rank, 0)
  return { ranks, sum: total(ranks.slice(a.length)), whole: total(ranks) }
}

/**
 * The test again and again, for many samples of one size, as a yes or no. Ties are judged as if there were none.
 *
 * @returns whether `pGreater` is no greater than the level
 */
export function rankSumTest(
  sizeA: number,
  sizeB: number,
  level: number,
): (a: readonly number[], b: readonly number[]) => boolean {
  const ranks = Array.from({ length: sizeA + sizeB }, (_, i) => 2 * (i + 1))
  const critical = leastRare(subsetWays(ranks, sizeB), level)
  return (a, b) => rankedTogether(a, b).sum >= critical
}

/**
 * How far B lies above A: the median of all differences between one of B and one of A (Hodges and Lehmann 1963), with
 * the interval of those shifts that the test would not reject (Hollander and Wolfe, 4.3).
 */
export function unpairedShift(a: readonly number[], b: readonly number[], confidence: number): Interval {
  const differences = differencesOf(a, b)
  const ranks = Array.from({ length: a.length + b.length }, (_, i) => 2 * (i + 1))
  const least = b.length * (b.length + 1)
  return intervalOf(differences, subsetWays(ranks, b.length).subarray(least), confidence)
}

/** The estimate of {@link unpairedShift} alone. */
export function unpairedEstimate(a: readonly number[], b: readonly number[]): number {
  return median(differencesOf(a, b))
}

function differencesOf(a: readonly number[], b: readonly number[]): number[] {
  return b.flatMap(y => a.map(x => y - x))
}
