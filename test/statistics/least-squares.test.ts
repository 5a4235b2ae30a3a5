import fc from 'fast-check'
import { expect, it } from 'vitest'
import { relativeLeastSquares } from '../../src/statistics/least-squares.js'

it('finds the line that points lie on, however large x is', () => {
  const xs = [50_000, 100_000, 200_000]
  const found = relativeLeastSquares(
    xs.map(x => [1, x]),
    xs.map(x => 40 + 0.0056 * x),
  )
  expect(found![0]).toBeCloseTo(40, 6)
  expect(found![1]).toBeCloseTo(0.0056, 10)
})

it('finds any coefficients again', () => {
  const coefficient = fc.double({ min: 0.1, max: 100, noNaN: true })
  fc.assert(
    fc.property(coefficient, coefficient, coefficient, (a, b, c) => {
      const rows = [1, 2, 5, 9, 20].map(x => [1, x - 1, x * (x - 1)])
      const found = relativeLeastSquares(
        rows,
        rows.map(row => a * row[0]! + b * row[1]! + c * row[2]!),
      )!
      for (const [i, wanted] of [a, b, c].entries()) expect(found[i]! / wanted).toBeCloseTo(1, 3)
    }),
  )
})

it('weighs errors by what they are errors of: 10 % of the small point counts as 10 % of the large one', () => {
  const constant = relativeLeastSquares([[1], [1]], [1, 100])!
  // Of Σ (c ÷ y − 1)², not of Σ (c − y)², which would give 50.5.
  expect(constant[0]).toBeCloseTo((1 + 0.01) / (1 + 0.0001), 9)
})

it.each([
  {
    what: 'one load only',
    rows: [
      [1, 5],
      [1, 5],
      [1, 5],
    ],
  },
  { what: 'fewer points than coefficients', rows: [[1, 5]] },
])('$what determines no line', ({ rows }) => {
  expect(
    relativeLeastSquares(
      rows,
      rows.map(() => 3),
    ),
  ).toBeUndefined()
})
