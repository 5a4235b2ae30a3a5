/**
 * Ranks, from the smallest: equal values share the mean of theirs. They are doubled, so that all are whole numbers.
 *
 * @returns in the order of the values
 */
export function twiceMidranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b])
  const ranks = new Array<number>(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && values[order[to]] === values[order[from]]) to++
    for (let i = from; i < to; i++) ranks[order[i]] = from + 1 + to
    from = to
  }
  return ranks
}

/** @returns by sum: the probability that those of the ranks that a fair coin picks have it */
export function rankWays(ranks: readonly number[]): Float64Array {
  const most = ranks.reduce((sum, rank) => sum + rank, 0)
  const ways = new Float64Array(most + 1)
  ways[0] = 1
  let reached = 0
  for (const rank of ranks) {
    reached += rank
    for (let sum = reached; sum >= 0; sum--) ways[sum] = (ways[sum] + (sum >= rank ? ways[sum - rank] : 0)) / 2
  }
  return ways
}

/** @returns by sum: the probability that so many of the ranks, any of them as likely as another, have it */
export function subsetWays(ranks: readonly number[], count: number): Float64Array {
  const most = ranks.reduce((sum, rank) => sum + rank, 0)
  // By how many were picked; the chance of each pick is spread over the steps, so that no number grows without bound.
  const byCount = Array.from({ length: count + 1 }, () => new Float64Array(most + 1))
  byCount[0][0] = 1
  for (const [i, rank] of ranks.entries()) {
    for (let picked = Math.min(count, i + 1); picked >= 0; picked--) {
      const [now, before] = [byCount[picked], picked > 0 ? byCount[picked - 1] : undefined]
      // Of i + 1 ranks, `picked` are in: the last one with probability picked / (i + 1).
      const share = picked / (i + 1)
      for (let sum = most; sum >= 0; sum--) {
        const without = picked <= i ? now[sum] * (1 - share) : 0
        now[sum] = without + (before !== undefined && sum >= rank ? before[sum - rank] * share : 0)
      }
    }
  }
  return byCount[count]
}

/** @returns the smallest sum that, with all greater ones, is no likelier than the level; Infinity where none is */
export function leastRare(ways: Float64Array, level: number): number {
  let tail = 0
  for (let sum = ways.length - 1; sum >= 0; sum--) {
    tail += ways[sum]
    if (tail > level * (1 + 1e-12)) return sum === ways.length - 1 ? Infinity : sum + 1
  }
  return 0
}

/** Probability of this sum or a greater one. */
export function tailAt(ways: Float64Array, sum: number): number {
  let tail = 0
  for (let i = ways.length - 1; i >= sum; i--) tail += ways[i]
  return Math.min(1, tail)
}
