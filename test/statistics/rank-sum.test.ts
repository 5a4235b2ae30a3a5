import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rankSum, rankSumTest, unpairedShift } from '../../src/statistics/rank-sum.js'

/** Hollander and Wolfe 1973, p. 69 (also in R's wilcox.test): permeability of the membrane at term, and at 12 to 26 weeks. */
const AT_TERM = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
const EARLIER = [1.15, 0.88, 0.9, 0.74, 1.21]

describe('the test of Mann and Whitney', () => {
  it('of Hollander and Wolfe: W = 35, p = 0.1272', () => {
    const { u, pGreater, effect } = rankSum(EARLIER, AT_TERM)
    expect(u).toBe(35)
    expect(pGreater).toBeCloseTo(0.1272, 4)
    expect(effect).toBeCloseTo((35 - 15) / 50)
  })

  it('of two samples of three, the one all above the other: 1 in 20', () => {
    expect(rankSum([1, 2, 3], [4, 5, 6])).toEqual({
      u: 9,
      pGreater: expect.closeTo(0.05, 12),
      pLess: expect.closeTo(1, 12),
      pTwoSided: expect.closeTo(0.1, 12),
      effect: 1,
    })
  })

  it('counts all ways to share out, ties too', () => {
    // 1 1 2 | 1 2 2: mean ranks 2, 2, 2, 5, 5, 5. B's sum is 12; of 20 choices of three, 9 have 12 and one 15.
    const { pGreater, u } = rankSum([1, 1, 2], [1, 2, 2])
    expect(u).toBe(6)
    expect(pGreater).toBeCloseTo(10 / 20, 12)
  })

  const sample = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 8 })

  it('is the same turned round, and in another unit', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const [test, turned] = [rankSum(a, b), rankSum(b, a)]
        expect(turned.pLess).toBeCloseTo(test.pGreater, 10)
        expect(turned.effect).toBeCloseTo(-test.effect, 10)
        expect(turned.u + test.u).toBe(a.length * b.length)
        const scale = (values: number[]) => values.map(value => 8 * value + 3)
        expect(rankSum(scale(a), scale(b))).toEqual(test)
      }),
    )
  })

  it('as a yes or no says the same, without ties', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 13, maxLength: 13 }),
        fc.constantFrom(0.05, 0.0125, 1e-6),
        (values, level) => {
          const [a, b] = [values.slice(0, 6), values.slice(6)]
          expect(rankSumTest(6, 7, level)(a, b)).toBe(rankSum(a, b).pGreater <= level)
        },
      ),
    )
  })
})

describe('the shift of two samples', () => {
  it('of Hollander and Wolfe, 4.2: 0.305; from -0.15 to 0.76 with 0.96 by the pairs’ order', () => {
    const { estimate, low, high } = unpairedShift(EARLIER, AT_TERM, 0.95)
    expect(estimate).toBeCloseTo(0.305, 3)
    // R: wilcox.test(x, y, conf.int = TRUE): -0.15 and 0.76.
    expect([low, high]).toEqual([expect.closeTo(-0.15, 3), expect.closeTo(0.76, 3)])
  })

  it('has no bounds where there are too few for any', () => {
    expect(unpairedShift([1, 2], [3, 4], 0.95)).toEqual({ estimate: 2, low: -Infinity, high: Infinity })
  })
})
