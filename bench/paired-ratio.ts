import { medianInterval as endsOf, medianIntervalIndex } from '../src/statistics/quantile.js'
import { median } from './pairs.js'

export interface MedianInterval {
  readonly median: number
  readonly low: number
  readonly high: number
  /** How likely it is to hold the true median. */
  readonly covers: number
}

/** @param ratios of interleaved pairs: what the machine did meanwhile is in both sides of each */
export function medianInterval(ratios: readonly number[]): MedianInterval {
  const sorted = [...ratios].sort((a, b) => a - b)
  return {
    median: median(sorted),
    ...endsOf(sorted),
    covers: 1 - 2 * fewerThan(medianIntervalIndex(sorted.length), sorted.length),
  }
}

/** @returns how likely it is that at most so many of n lie below their median */
function fewerThan(index: number, n: number): number {
  let [ways, sum] = [1, 0]
  for (let k = 0; k <= index; k++) {
    sum += ways
    ways *= (n - k) / (k + 1)
  }
  return sum / 2 ** n
}
