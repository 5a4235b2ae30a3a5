import { expect, it } from 'vitest'
import { Connects } from '../../src/simulation/connects.js'

it('those that are due together connect one after the other, each sooner than the one before', () => {
  const connects = new Connects()
  const at = Array.from({ length: 20 }, () => connects.waitNs(5e9))
  expect(at[0]).toBe(0)
  const gaps = at.slice(1).map((ns, i) => ns - at[i]!)
  expect(gaps[0]).toBe(450e3)
  expect(gaps).toEqual(gaps.toSorted((a, b) => b - a))
  expect(gaps.at(-1)).toBe(40e3)
  expect(connects.waitNs(6e9)).toBe(0)
})
