import { describe, expect, it } from 'vitest'
import { costAt, lawOf } from '../../../src/verdict/capacity/laws.js'

/** A few per cent to either side, always the same ones. */
const WOBBLE = [1.02, 0.97, 1.01, 0.985, 1.03, 0.99, 1.015, 0.975]
const pointsOf = (xs: readonly number[], y: (x: number) => number, wobble = WOBBLE) =>
  xs.map((x, i) => ({ x, y: y(x) * wobble[i % wobble.length]! }))

describe('a line', () => {
  it('through 50,000, 100,000 and 200,000 mailboxes tells 500,000 to within its noise', () => {
    const list = (mailboxes: number) => 40 + 0.0053 * mailboxes
    const law = lawOf(pointsOf([50_000, 100_000, 200_000], list), true)!
    expect(law.law).toBe('linear')
    expect(Math.abs(costAt(law, 500_000) / list(500_000) - 1)).toBeLessThan(0.1)
    expect(law.residuals).toHaveLength(3)
    expect(law.worstResidual).toBe(Math.max(...law.residuals.map(Math.abs)))
    expect(law.worstResidual).toBeGreaterThan(0)
  })

  it('takes three loads', () => {
    expect(
      lawOf(
        pointsOf([10, 20, 20, 10], x => x),
        false,
      ),
    ).toBeNull()
  })

  it('is kept where a curve would be no clear gain', () => {
    expect(
      lawOf(
        pointsOf([10, 20, 40, 80, 160, 320], x => 100 + 3 * x),
        true,
      )!.law,
    ).toBe('linear')
  })
})

describe('the universal scalability law', () => {
  const usl = (n: number) => (1 + 0.03 * (n - 1) + 0.002 * n * (n - 1)) / 0.01
  const loads = [1, 5, 10, 20, 40, 80]

  it('is found, with its coefficients', () => {
    const law = lawOf(pointsOf(loads, usl, [1]), true)!
    expect(law.law).toBe('usl')
    expect(law.coefficients.alpha).toBeCloseTo(0.03, 6)
    expect(law.coefficients.beta).toBeCloseTo(0.002, 6)
    expect(law.coefficients.gamma).toBeCloseTo(0.01, 6)
    expect(costAt(law, 160)).toBeCloseTo(usl(160), 3)
  })

  it('is for times of clients alone', () => {
    expect(lawOf(pointsOf(loads, usl, [1]), false)!.law).toBe('linear')
  })

  it('is not taken where clients would help one another', () => {
    expect(
      lawOf(
        pointsOf(loads, n => 100 + 10 * Math.sqrt(n), [1]),
        true,
      )!.law,
    ).toBe('linear')
  })
})
