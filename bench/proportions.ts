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

/**
 * Exact, one-sided (C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of
 * the binomial, Biometrika 26, 1934).
 *
 * @returns the greatest share with which so few would not be rarer than 1 − confidence
 */
export function upperBound({ count, of }: Share, confidence = 0.95): number {
  if (count >= of) return 1
  let [low, high] = [count / of, 1]
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (atMost(count, of, middle) > 1 - confidence) low = middle
    else high = middle
  }
  return high
}

const HALVINGS = 40

/** @returns how likely so few or fewer are */
function atMost(count: number, of: number, share: number): number {
  let p = 0
  for (let few = 0; few <= count; few++)
    p += Math.exp(logChoose(of, few) + few * Math.log(share) + (of - few) * Math.log1p(-share))
  return p
}

function logChoose(n: number, k: number): number {
  let log = 0
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i)
  return log
}
