import { expect, it } from 'vitest'
import { mostAtOnce } from '../../src/traces/trace.js'

const spans = (...pairs: readonly (readonly [number, number])[]) => pairs.map(([startS, endS]) => ({ startS, endS }))

it('most connections at one time: both ends count', () => {
  expect(mostAtOnce([])).toBe(0)
  expect(mostAtOnce(spans([1, 1], [2, 2]))).toBe(1)
  expect(mostAtOnce(spans([1, 2], [2, 3]))).toBe(2)
  expect(mostAtOnce(spans([5, 6], [1, 9], [2, 3], [3, 3], [7, 8]))).toBe(3)
})
