import { HarnessError } from '../../core/errors.js'
import type { Cost } from '../../masters/model/calibration.js'

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
  return low + (high - low) * (at - below)
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

/**
 * What samples say of a cost. A cost that is smaller than the noise of its measurement can come out below 0: it is 0.
 *
 * @param samples µs
 * @param what was measured
 * @throws {HarnessError} `MASTER_REFUSED` where there are none
 */
export function costOf(samples: ArrayLike<number>, what: string): Cost {
  if (samples.length === 0) {
    throw new HarnessError(
      'MASTER_REFUSED',
      `${what} could not be measured: not one sample`,
      'give a master that is idle, and --mailboxes as by default',
    )
  }
  const sorted = Float64Array.from(samples, value => Math.max(0, value)).sort()
  const index = medianIntervalIndex(sorted.length)
  return {
    p10: rounded(quantile(sorted, 0.1)),
    p50: rounded(quantile(sorted, 0.5)),
    p90: rounded(quantile(sorted, 0.9)),
    low: rounded(sorted[index]!),
    high: rounded(sorted[sorted.length - 1 - index]!),
    samples: sorted.length,
  }
}

/**
 * Takes from each sample what is no part of the cost: the floor, by its median, since its own spread is not the cost's.
 *
 * @param parts what a sample consists of, such as the commands of a batch; the result is one part's
 */
export function beyond(samples: readonly number[], floor: readonly number[], parts = 1): number[] {
  const taken = median(floor)
  return samples.map(sample => (sample - taken) / parts)
}

/** ns of the master's time: figures that mean something have no more. */
function rounded(us: number): number {
  return Math.round(us * 1e4) / 1e4
}
