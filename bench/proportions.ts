/** So many of so many runs. */
export interface Share {
  readonly count: number
  readonly of: number
}

/**
 * Whether as many of one as of the other: Fisher's exact test, two-sided (R. A. Fisher, Statistical Methods for Research
 * Workers, 1934, § 21.02).
 *
 * @returns how likely shares are to differ so much by chance
 */
export function fisher(a: Share, b: Share): number {
  const drawn = a.count + b.count
  const ways = (count: number) =>
    logChoose(a.of, count) + logChoose(b.of, drawn - count) - logChoose(a.of + b.of, drawn)
  const seen = ways(a.count)
  let p = 0
  for (let count = Math.max(0, drawn - b.of); count <= Math.min(a.of, drawn); count++)
    if (ways(count) <= seen + 1e-9) p += Math.exp(ways(count))
  return Math.min(1, p)
}

/** Two-sided, against one half. @returns how likely a coin is to show so few of either side */
export function coin({ count, of }: Share): number {
  let p = 0
  for (let few = 0; few <= Math.min(count, of - count); few++) p += Math.exp(logChoose(of, few) - of * Math.LN2)
  return Math.min(1, 2 * p)
}

function logChoose(n: number, k: number): number {
  let log = 0
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i)
  return log
}
