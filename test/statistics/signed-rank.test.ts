import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pairedShift, signedRank, signedRankTest } from '../../src/statistics/signed-rank.js'

/** Hollander and Wolfe 1973, p. 29 (also in R's wilcox.test): depression scale before and after a tranquilliser. */
const BEFORE = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3]
const AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
const FELL = BEFORE.map((before, i) => before - AFTER[i]!)

/** Darwin's maize (The effects of cross and self fertilisation, 1876; Fisher, The Design of Experiments, 1935): eighths of an inch. */
const DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

describe('Wilcoxon’s signed-rank test', () => {
  it('of Hollander and Wolfe: V = 40, p = 0.01953', () => {
    const test = signedRank(FELL)
    expect(test.n).toBe(9)
    expect(test.positive).toBe(40)
    expect(test.pGreater).toBeCloseTo(0.01953125, 10)
    expect(test.pTwoSided).toBeCloseTo(0.0390625, 10)
  })

  it('of Darwin’s maize: 96 of 120 ranks, p = 0.0206 one-sided', () => {
    const test = signedRank(DARWIN)
    expect(test.positive).toBe(96)
    expect(test.pTwoSided).toBeCloseTo(0.04126, 4)
    expect(test.effect).toBeCloseTo((96 - 24) / 120)
  })

  it('leaves out what did not change, and gives equal ones equal ranks', () => {
    const test = signedRank([0, 1, 1, -1, 2])
    expect(test.n).toBe(4)
    expect(test.positive).toBe(8)
    // Of 16 choices of signs: 2 + 2 + 2 + 4 is reached by one, less one of the 2s by three.
    expect(test.pGreater).toBeCloseTo(4 / 16)
  })

  it.each([[[]], [[0, 0, 0]]])('says nothing of %j', differences => {
    expect(signedRank(differences)).toMatchObject({ n: 0, pGreater: 1, pLess: 1, pTwoSided: 1, effect: 0 })
  })

  it('counts all choices of signs', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 9 }), differences => {
        const moved = differences.filter(difference => difference !== 0)
        const { pGreater, positive, n } = signedRank(differences)
        if (n === 0) return
        let reached = 0
        for (let signs = 0; signs < 2 ** n; signs++) {
          const flipped = moved.map((value, i) => (signs & (1 << i) ? Math.abs(value) : -Math.abs(value)))
          if (signedRank(flipped).positive >= positive) reached++
        }
        expect(pGreater).toBeCloseTo(reached / 2 ** n, 10)
      }),
      { numRuns: 20 },
    )
  })

  it('is the same turned round, and in another unit', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 14 }), differences => {
        const [test, turned] = [signedRank(differences), signedRank(differences.map(value => -value))]
        expect(turned.pLess).toBeCloseTo(test.pGreater, 12)
        expect(turned.effect).toBeCloseTo(-test.effect, 12)
        expect(signedRank(differences.map(value => 8 * value))).toEqual(test)
      }),
    )
  })

  it('as a yes or no says the same, without ties', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 10, maxLength: 10 }),
        fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
        fc.constantFrom(0.05, 0.0125, 0.0001),
        (sizes, signs, level) => {
          const differences = sizes.map((size, i) => (signs[i] ? size : -size))
          expect(signedRankTest(10, level)(differences)).toBe(signedRank(differences).pGreater <= level)
        },
      ),
    )
  })
})

describe('the shift of pairs', () => {
  it('of Hollander and Wolfe, 3.2 and 3.3: 0.46, from 0.010 to 0.786 with 0.961', () => {
    const { estimate, low, high } = pairedShift(FELL, 0.95)
    expect(estimate).toBeCloseTo(0.46, 3)
    expect(low).toBeCloseTo(0.01, 3)
    expect(high).toBeCloseTo(0.786, 3)
  })

  it('has no bounds where the pairs are too few for any', () => {
    expect(pairedShift([1, 2, 3, 4, 5], 0.95)).toEqual({ estimate: 3, low: -Infinity, high: Infinity })
    expect(pairedShift([1, 2, 3, 4, 5, 6], 0.95)).toEqual({ estimate: 3.5, low: 1, high: 6 })
  })

  it('moves with the values and turns with them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 6, maxLength: 14 }), differences => {
        const { estimate, low, high } = pairedShift(differences, 0.95)
        expect(low <= estimate && estimate <= high).toBe(true)
        const moved = pairedShift(
          differences.map(value => value + 8),
          0.95,
        )
        expect(moved).toEqual({ estimate: estimate + 8, low: low + 8, high: high + 8 })
        const turned = pairedShift(
          differences.map(value => -value),
          0.95,
        )
        expect([turned.low + high, turned.high + low, turned.estimate + estimate]).toEqual([0, 0, 0])
      }),
    )
  })
})
