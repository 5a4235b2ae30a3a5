import { median } from './quantile.js'
import { type Interval, intervalOf } from './rank-interval.js'
import { leastRare, rankWays, tailAt, twiceMidranks } from './rank-sums.js'

/** What paired differences say of whether they lie around 0. */
export interface SignedRank {
  /** Differences that are not 0: the others say nothing about a direction (Wilcoxon 1945). */
  readonly n: number
  /** Sum of the ranks of the positive differences. */
  readonly positive: number
  /** Probability of a sum as great as this one, or greater, were each sign as likely as the other. Exact. */
  readonly pGreater: number
  /** Of one as small, or smaller. */
  readonly pLess: number
  readonly pTwoSided: number
  /** Matched-pairs rank-biserial correlation, -1 to 1: the share of rank that is positive, less that which is not. */
  readonly effect: number
}

/**
 * Wilcoxon's signed-rank test, exact for any n, with ties as with none: all 2ⁿ choices of signs are counted, given the
 * ranks that the differences have.
 */
export function signedRank(differences: readonly number[]): SignedRank {
  const { ranks, positive, whole } = rankedSigns(differences)
  if (ranks.length === 0) return { n: 0, positive: 0, pGreater: 1, pLess: 1, pTwoSided: 1, effect: 0 }
  const ways = rankWays(ranks)
  const pGreater = tailAt(ways, positive)
  const pLess = tailAt(ways, whole - positive)
  return {
    n: ranks.length,
    positive: positive / 2,
    pGreater,
    pLess,
    pTwoSided: Math.min(1, 2 * Math.min(pGreater, pLess)),
    effect: (2 * positive - whole) / whole,
  }
}

/** Ranks of the differences that are not 0, their sum, and the part of it that is positive; all doubled. */
function rankedSigns(differences: readonly number[]) {
  const moved = differences.filter(difference => difference !== 0)
  const ranks = twiceMidranks(moved.map(Math.abs))
  const positive = ranks.reduce((sum, rank, i) => (moved[i] > 0 ? sum + rank : sum), 0)
  return { ranks, positive, whole: ranks.reduce((sum, rank) => sum + rank, 0) }
}

/**
 * The test again and again, for many samples of one size, as a yes or no. Ties are judged as if there were none.
 *
 * @returns whether `pGreater` is no greater than the level
 */
export function signedRankTest(n: number, level: number): (differences: readonly number[]) => boolean {
  const critical = leastRare(rankWays(Array.from({ length: n }, (_, i) => 2 * (i + 1))), level)
  return differences => rankedSigns(differences).positive >= critical
}

/**
 * Where paired differences lie: the median of all averages of two of them (Hodges and Lehmann 1963), with the interval
 * of those values that the signed-rank test would not reject (Hollander and Wolfe, Nonparametric Statistical Methods,
 * 3.3). Too few differences for the confidence leave it open: from -∞ to ∞.
 *
 * @param confidence 0.95: each end is left out with a probability of at most 0.025
 */
export function pairedShift(differences: readonly number[], confidence: number): Interval {
  const averages = averagesOfTwo(differences)
  const ranks = differences.map((_, i) => 2 * (i + 1))
  return intervalOf(averages, rankWays(ranks), confidence)
}

/** The estimate of {@link pairedShift} alone. */
export function pairedEstimate(differences: readonly number[]): number {
  return median(averagesOfTwo(differences))
}

function averagesOfTwo(differences: readonly number[]): number[] {
  const averages: number[] = []
  for (let i = 0; i < differences.length; i++) {
    for (let j = i; j < differences.length; j++) averages.push((differences[i] + differences[j]) / 2)
  }
  return averages
}
