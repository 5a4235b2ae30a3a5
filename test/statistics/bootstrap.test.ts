import { describe, expect, it } from 'vitest'
import { entityRandom } from '../../src/core/random.js'
import { bootstrap } from '../../src/statistics/bootstrap.js'
import { median } from '../../src/statistics/quantile.js'
import { mean } from '../../src/statistics/moments.js'

/** Efron and Tibshirani, An Introduction to the Bootstrap (1993), table 2.1: survival of 7 treated and 9 other mice, days. */
const TREATED = [94, 197, 16, 38, 99, 141, 23]
const CONTROL = [52, 104, 146, 10, 50, 31, 40, 27, 46]

describe('the bootstrap', () => {
  // Their table 2.2, with resamples without end.
  it.each([
    { of: 'the mean of the treated', sample: TREATED, statistic: mean, error: 23.36 },
    { of: 'the median of the treated', sample: TREATED, statistic: median, error: 37.83 },
  ])('has the standard error of $of: $error', ({ sample, statistic, error }) => {
    const values = bootstrap(sample, statistic, 20_000, entityRandom(1, 'mice', 0))
    const center = mean([...values])
    const deviation = Math.sqrt(mean([...values].map(value => (value - center) ** 2)))
    expect(Math.abs(deviation / error - 1)).toBeLessThan(0.03)
  })

  it('draws from the sample alone, is ascending, and the same for the same seed', () => {
    const drawn = bootstrap(CONTROL, sample => Math.max(...sample), 100, entityRandom(2, 'mice', 0))
    expect([...drawn].every(value => CONTROL.includes(value))).toBe(true)
    expect([...drawn]).toEqual([...drawn].sort((a, b) => a - b))
    expect(bootstrap(CONTROL, sample => Math.max(...sample), 100, entityRandom(2, 'mice', 0))).toEqual(drawn)
  })
})
