import { expect, it } from 'vitest'
import { coin, fisher, upperBound } from '../../bench/proportions.js'

it('Fisher’s test is that of the lady tasting tea', () => {
  // R. A. Fisher, The Design of Experiments, 1935, II: 8 cups, 3 of 4 guessed; two-sided as R's fisher.test has it.
  expect(fisher({ count: 3, of: 4 }, { count: 1, of: 4 })).toBeCloseTo(0.4857, 4)
  expect(fisher({ count: 4, of: 4 }, { count: 0, of: 4 })).toBeCloseTo(2 / 70, 6)
  expect(fisher({ count: 5, of: 9 }, { count: 5, of: 9 })).toBeCloseTo(1, 9)
  const [few, many] = [
    { count: 2, of: 15 },
    { count: 50, of: 61 },
  ]
  expect(fisher(few, many)).toBeCloseTo(fisher(many, few), 9)
})

it('a coin is one as long as neither side is rare', () => {
  expect(coin({ count: 8, of: 15 })).toBe(1)
  expect(coin({ count: 3, of: 15 })).toBeCloseTo(0.0352, 4)
  expect(coin({ count: 0, of: 5 })).toBeCloseTo(0.0625, 6)
})

it('the upper bound of a share is that of Clopper and Pearson', () => {
  // Without any: 1 − (1 − confidence)^(1/n).
  expect(upperBound({ count: 0, of: 60 })).toBeCloseTo(1 - 0.05 ** (1 / 60), 9)
  // R's binom.test(10, 100): 0.1762226, two-sided.
  expect(upperBound({ count: 10, of: 100 }, 0.975)).toBeCloseTo(0.1762226, 6)
  expect(upperBound({ count: 3, of: 3 })).toBe(1)
})
