import { expect, it } from 'vitest'
import { fisher } from '../../bench/fisher.js'

it.each([
  // The lady tasting tea, 3 of 4 (R. A. Fisher, The Design of Experiments, 1935): 34 of 70 tables.
  { a: [3, 4], b: [1, 4], p: 34 / 70 },
  { a: [4, 4], b: [0, 4], p: 2 / 70 },
  // R’s help page of fisher.test: convictions of twins (Fisher 1962), two-sided.
  { a: [2, 17], b: [10, 13], p: 0.0005367 },
  { a: [5, 5], b: [5, 5], p: 1 },
] as { a: [number, number]; b: [number, number]; p: number }[])('$a beside $b: $p', ({ a, b, p }) => {
  expect(fisher(a, b)).toBeCloseTo(p, 6)
  expect(fisher(b, a)).toBeCloseTo(p, 6)
})
