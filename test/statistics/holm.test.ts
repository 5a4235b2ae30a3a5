import fc from 'fast-check'
import { expect, it } from 'vitest'
import { holm } from '../../src/statistics/holm.js'

it('of the example in "Holm–Bonferroni method", Wikipedia: at 0.05 the first and the fourth', () => {
  expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02].map(p => expect.closeTo(p, 12)))
})

it('of the example of Wright 1992, Adjusted P-values for simultaneous inference, is monotone', () => {
  expect(holm([0.001, 0.02, 0.022])).toEqual([0.003, 0.04, 0.04].map(p => expect.closeTo(p, 12)))
})

it('lies between p and Bonferroni’s, keeps the order, and does not mind another one', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }), pValues => {
      const adjusted = holm(pValues)
      for (const [i, p] of pValues.entries()) {
        expect(adjusted[i]).toBeGreaterThanOrEqual(p)
        expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, p * pValues.length) + 1e-12)
      }
      expect(holm([...pValues].reverse())).toEqual([...adjusted].reverse())
    }),
  )
})
