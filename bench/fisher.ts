/**
 * Fisher's exact test, two-sided: how likely two shares lie so far apart by chance (R. A. Fisher, 1922; the sum over all
 * tables that are no likelier than this one).
 *
 * @param a of how many runs how many were so
 */
export function fisher(a: readonly [number, number], b: readonly [number, number]): number {
  const [hitsA, ofA] = a
  const hits = hitsA + b[0]
  const of = ofA + b[1]
  const likelihood = (x: number) => combinations(ofA, x) * combinations(of - ofA, hits - x)
  const mine = likelihood(hitsA) * (1 + 1e-9)
  let [rare, all] = [0, 0]
  for (let x = Math.max(0, hits - (of - ofA)); x <= Math.min(ofA, hits); x++) {
    all += likelihood(x)
    if (likelihood(x) <= mine) rare += likelihood(x)
  }
  return rare / all
}

function combinations(n: number, k: number): number {
  let count = 1
  for (let i = 1; i <= k; i++) count = (count * (n - k + i)) / i
  return count
}
