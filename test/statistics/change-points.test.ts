import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entityRandom, drawNormal } from '../../src/core/random.js'
import { changePoints } from '../../src/statistics/change-points.js'

const OPTIONS = { window: 50, maxP: 0.001, minMagnitude: 0 }

describe('change points', () => {
  // Apache Otava, tests/analysis_test.py, test_single_series.
  const DROP = [
    1.02, 0.95, 0.99, 1.0, 1.12, 1.0, 1.01, 0.98, 1.01, 0.96, 0.5, 0.51, 0.48, 0.48, 0.55, 0.5, 0.49, 0.51, 0.5, 0.49,
  ]

  it('of Otava’s series: one, at 10', () => {
    expect(changePoints(DROP, { ...OPTIONS, window: 10, maxP: 0.0001 }).map(({ index }) => index)).toEqual([10])
    const [point] = changePoints(DROP, OPTIONS)
    expect(point).toMatchObject({ index: 10, meanBefore: expect.closeTo(1.004), meanAfter: expect.closeTo(0.501) })
  })

  // Apache Otava, tests/change_point_divisive_test.py.
  it('of Otava’s sequence of three levels: 5 and 8', () => {
    const levels = [0.3, 2.4, 1.5, -0.9, -0.5, 99.7, 98.3, 99.1, 149.0, 149.7, 149.5, 149.1, 148.8, 150.0]
    expect(changePoints(levels, { ...OPTIONS, maxP: 0.01 }).map(({ index }) => index)).toEqual([5, 8])
  })

  it('are none where the values only scatter', () => {
    let found = 0
    for (let seed = 0; seed < 40; seed++) {
      const random = entityRandom(seed, 'noise', 0)
      const series = Array.from({ length: 60 }, () => 100 + drawNormal(random))
      found += changePoints(series, OPTIONS).length
    }
    expect(found).toBeLessThanOrEqual(3)
  })

  it('are found across windows, and the small ones left out that were not asked for', () => {
    const random = entityRandom(2, 'steps', 0)
    const series = Array.from({ length: 160 }, (_, i) => (i < 70 ? 100 : i < 120 ? 103 : 130) + drawNormal(random) / 2)
    const found = changePoints(series, { ...OPTIONS, window: 30 }).map(({ index }) => index)
    expect(found).toEqual([70, 120])
    const great = changePoints(series, { ...OPTIONS, window: 30, minMagnitude: 0.1 })
    expect(great.map(({ index }) => index)).toEqual([120])
  })

  it.each([[[]], [[1]], [[1, 2]], [[3, 3, 3, 3, 3, 3]]])('of %j are none', series => {
    expect(changePoints(series, OPTIONS)).toEqual([])
  })

  it('stay where they are in another unit', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 40 }), series => {
        const scaled = changePoints(
          series.map(value => 8 * value),
          OPTIONS,
        )
        expect(scaled.map(({ index }) => index)).toEqual(changePoints(series, OPTIONS).map(({ index }) => index))
      }),
    )
  })
})
