/**
 * Holm's correction (1979) for several tests: with it the chance that any of them calls a difference where there is none
 * is no greater than the level each is judged at.
 *
 * @returns adjusted p-values, in the order given
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b])
  const adjusted = new Array<number>(pValues.length)
  let most = 0
  for (const [rank, i] of order.entries()) {
    most = Math.max(most, Math.min(1, (pValues.length - rank) * pValues[i]))
    adjusted[i] = most
  }
  return adjusted
}
