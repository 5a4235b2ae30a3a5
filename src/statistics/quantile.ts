/** Of each side: what may lie beyond the interval's ends. */
const TAIL = 0.025
/** From here on Binomial(n, ½) is a normal distribution for this purpose, and 2^-n no number any more. */
const MANY = 1000
const NORMAL_975 = 1.96

/** @param sorted ascending, not empty. @returns the sample below which a share of them lies, between two of them in proportion */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const low = sorted[below]!
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!
  return low === high ? low : low + (high - low) * (at - below)
}

export function median(samples: ArrayLike<number>): number {
  return quantile(Float64Array.from(samples).sort(), 0.5)
}

/**
 * Which of n samples, in their order, are the ends of the median's interval: how many of them lie below the true median
 * is Binomial(n, ½), whatever their distribution. Below 6 samples no interval covers 95 %; it is then all of them.
 *
 * @returns index of the lower end; the upper one lies as far from the other side
 */
export function medianIntervalIndex(n: number): number {
  if (n > MANY) return Math.max(0, Math.floor(n / 2 - (NORMAL_975 * Math.sqrt(n)) / 2) - 1)
  let probability = 2 ** -n
  let below = 0
  let index = 0
  for (let k = 0; k < n / 2; k++) {
    below += probability
    if (below > TAIL) break
    index = k
    probability *= (n - k) / (k + 1)
  }
  return index
}

/** @param sorted ascending, not empty @returns the samples that are the ends of the median's interval */
export function medianInterval(sorted: ArrayLike<number>): { readonly low: number; readonly high: number } {
  const index = medianIntervalIndex(sorted.length)
  return { low: sorted[index]!, high: sorted[sorted.length - 1 - index]! }
}
