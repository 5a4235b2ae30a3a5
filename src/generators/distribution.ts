/** Draws from fixed distributions by the inverse of their sums: one uniform number in, one value out. */

/** @returns index of a weight, drawn in proportion to it, for a uniform number in [0, 1) */
export type Pick = (uniform: number) => number

export function weightedPick(weights: readonly number[]): Pick {
  const sums = new Float64Array(weights.length)
  let total = 0
  for (const [i, weight] of weights.entries()) sums[i] = total += weight
  return uniform => firstAbove(sums, uniform * total)
}

/**
 * Whole numbers 1..max with a heavy tail and the mean asked for: weights `(k + mean)^-s` (a Lomax distribution, cut at
 * its end), with `s` found by bisection. Folders of a user and entries of an ACL are spread like that: most have few,
 * some have hundreds.
 */
export function countPick(mean: number, max: number): Pick {
  if (max <= 1) return () => 1
  const wanted = Math.min(max, Math.max(1, mean))
  // More than 1e4 would not change the weights any more: all of them lie on one end by then.
  let low = -1e4
  let high = 1e4
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2
    if (meanOf(lomaxWeights(wanted, max, middle)) > wanted) low = middle
    else high = middle
  }
  const pick = weightedPick(lomaxWeights(wanted, max, high))
  return uniform => pick(uniform) + 1
}

function lomaxWeights(mean: number, max: number, exponent: number): number[] {
  // As logarithms from the largest one, so that no exponent overflows.
  const logs = Array.from({ length: max }, (_, i) => -exponent * Math.log(i + 1 + mean))
  const largest = Math.max(logs[0]!, logs[max - 1]!)
  return logs.map(log => Math.exp(log - largest))
}

function meanOf(weights: readonly number[]): number {
  let total = 0
  let sum = 0
  for (const [i, weight] of weights.entries()) {
    total += weight
    sum += weight * (i + 1)
  }
  return sum / total
}

function firstAbove(sums: Float64Array, value: number): number {
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sums[middle]! > value) high = middle
    else low = middle + 1
  }
  return low
}
