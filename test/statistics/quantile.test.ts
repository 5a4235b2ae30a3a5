import { describe, expect, it } from 'vitest'
import { median, medianIntervalIndex, quantile } from '../../src/statistics/quantile.js'

describe('quantile', () => {
  it.each([
    { sorted: [7], share: 0.9, is: 7 },
    { sorted: [1, 2], share: 0.5, is: 1.5 },
    { sorted: [1, 2, 3, 4, 5], share: 0.5, is: 3 },
    { sorted: [0, 10], share: 0.1, is: 1 },
    { sorted: [1, 2, 3], share: 1, is: 3 },
  ])('$share of $sorted is $is', ({ sorted, share, is }) => expect(quantile(sorted, share)).toBeCloseTo(is))

  it('the median does not ask for order, and leaves it alone', () => {
    const samples = [5, 1, 3]
    expect(median(samples)).toBe(3)
    expect(samples).toEqual([5, 1, 3])
  })
})

describe('the 95 % interval of a median', () => {
  // Conover, Practical Nonparametric Statistics, table of Binomial(n, 1/2); 0-based here.
  it.each([
    { n: 1, index: 0 },
    { n: 5, index: 0 },
    { n: 6, index: 0 },
    { n: 9, index: 1 },
    { n: 10, index: 1 },
    { n: 20, index: 5 },
    { n: 30, index: 9 },
    { n: 100, index: 39 },
  ])('of $n samples begins at sample $index', ({ n, index }) => expect(medianIntervalIndex(n)).toBe(index))

  it('goes on where the binomial distribution is left for the normal one', () => {
    expect(Math.abs(medianIntervalIndex(1001) - medianIntervalIndex(1000))).toBeLessThanOrEqual(1)
  })
})
