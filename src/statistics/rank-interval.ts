import { median } from './quantile.js'

/** An estimate and the interval that holds the true value with at least the confidence asked for. */
export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/**
 * The interval that goes with a rank statistic: its values are the counts of pairs, or averages, below.
 *
 * @param ways probability of each doubled value of the statistic, without ties
 */
export function intervalOf(values: readonly number[], ways: Float64Array, confidence: number): Interval {
  const sorted = Float64Array.from(values).sort()
  const allowed = (1 - confidence) / 2
  let below = 0
  let cut = 0
  for (; cut < sorted.length; cut++) {
    below += ways[2 * cut] ?? 0
    // Beyond rounding: 0.025 is met where it is met exactly.
    if (below > allowed * (1 + 1e-12)) break
  }
  if (cut === 0) return { estimate: median(sorted), low: -Infinity, high: Infinity }
  return { estimate: median(sorted), low: sorted[cut - 1], high: sorted[sorted.length - cut] }
}
