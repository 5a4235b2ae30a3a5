import { HarnessError } from '../../core/errors.js'
import type { Cost } from '../../masters/model/calibration.js'
import { median, medianInterval, quantile } from '../../statistics/quantile.js'

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
  const { low, high } = medianInterval(sorted)
  return {
    p10: rounded(quantile(sorted, 0.1)),
    p50: rounded(quantile(sorted, 0.5)),
    p90: rounded(quantile(sorted, 0.9)),
    low: rounded(low),
    high: rounded(high),
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
