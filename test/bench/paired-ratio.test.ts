import { expect, it } from 'vitest'
import { medianInterval } from '../../bench/paired-ratio.js'

it.each([
  // Of 8 the least and the most: 1 − 2/2^8; of 12 the third from either side (Binomial(12, ½) ≤ 2: 79/4096).
  { of: 8, low: 1, high: 8, median: 4.5, covers: 1 - 2 / 256 },
  { of: 5, low: 1, high: 5, median: 3, covers: 1 - 2 / 32 },
  { of: 12, low: 3, high: 10, median: 6.5, covers: 1 - (2 * 79) / 4096 },
])('the median of $of ratios has an interval that says how sure it is', ({ of, low, high, median, covers }) => {
  const ratios = Array.from({ length: of }, (_, i) => ((i * 7) % of) + 1)
  expect([...new Set(ratios)]).toHaveLength(of)
  expect(medianInterval(ratios)).toEqual({ low, high, median, covers: expect.closeTo(covers, 9) })
})
