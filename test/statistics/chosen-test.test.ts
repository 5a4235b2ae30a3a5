import { describe, expect, it } from 'vitest'
import { drawNormal, entityRandom } from '../../src/core/random.js'
import { chosenTest } from '../../src/statistics/chosen-test.js'
import { signedRank } from '../../src/statistics/signed-rank.js'

const LEVEL = 0.05
const random = () => entityRandom(1, 'ways', 0)

function drawn(count: number, seed: number) {
  const draw = entityRandom(seed, 'drawn', 0)
  const covariate = Array.from({ length: count }, () => drawNormal(draw))
  const first = covariate.map(value => value + 0.5 * drawNormal(draw))
  return { covariate, first, second: first.map((value, i) => value - 0.8 * covariate[i]!) }
}

describe('a test of what a covariate chooses', () => {
  it('is Wilcoxon’s where both are the same', () => {
    const { covariate, first } = drawn(9, 1)
    const { pGreater, pLess } = signedRank(first)
    expect(chosenTest(covariate, first, first, LEVEL, random())).toEqual({ pGreater, pLess })
  })

  it.each([1, 2, 3, 4])('is no oftener below a level than that, over all ways to turn pairs round: seed %i', seed => {
    const { covariate, first, second } = drawn(8, seed)
    const ps = Array.from({ length: 256 }, (_, way) => {
      const turned = (values: readonly number[]) => values.map((value, i) => ((way & (1 << i)) !== 0 ? -value : value))
      return chosenTest(turned(covariate), turned(first), turned(second), LEVEL, random()).pGreater
    })
    for (const level of [1 / 256, 0.0125, 0.05, 0.3])
      expect(ps.filter(p => p <= level).length / 256).toBeLessThanOrEqual(level)
    expect(Math.min(...ps)).toBeLessThanOrEqual(2 / 256)
  })

  it('finds what is worse in all pairs, also where the covariate is', () => {
    const all = [1, 2, 3, 4, 5, 6]
    expect(
      chosenTest(
        all,
        all,
        all.map(value => -value),
        LEVEL,
        random(),
      ).pGreater,
    ).toBe(1 / 64)
  })

  it('of many pairs is near to that of all ways', () => {
    const { covariate, first } = drawn(20, 3)
    const exact = signedRank(first).pGreater
    expect(chosenTest(covariate, first, first, LEVEL, random()).pGreater).toBeCloseTo(exact, 1)
  })

  it('turned round says the opposite', () => {
    const { covariate, first, second } = drawn(10, 2)
    const minus = (values: readonly number[]) => values.map(value => -value)
    const one = chosenTest(covariate, first, second, LEVEL, random())
    const other = chosenTest(minus(covariate), minus(first), minus(second), LEVEL, random())
    expect([other.pLess, other.pGreater]).toEqual([one.pGreater, one.pLess])
  })
})
