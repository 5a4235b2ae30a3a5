import { expect, it } from 'vitest'
import { LookLine } from '../../src/agents/look-line.js'

function lineFrom(ns: number): { line: LookLine; missed: number[] } {
  const missed: number[] = []
  const line = new LookLine(ns => missed.push(ns))
  line.begin(ns)
  return { line, missed }
}

it('misses nothing of looks that follow each other', () => {
  const { line, missed } = lineFrom(100)
  expect([line.take(100, 350), line.take(350, 600)]).toEqual([true, true])
  expect(missed).toEqual([])
  expect(line.settledNs).toBe(600)
})

it('misses what a lost look was of, and no more', () => {
  const { line, missed } = lineFrom(100)
  line.take(100, 350)
  expect(line.take(600, 850)).toBe(true)
  expect(missed).toEqual([250])
  expect(line.missedNs).toBe(250)
})

it('takes nothing that reaches back into what was missed already, nor twice', () => {
  const { line, missed } = lineFrom(0)
  line.settle(1_000)
  // One look of all the time in which it was frozen, and those that had waited on their way.
  expect([line.take(0, 1_200), line.take(250, 500), line.take(990, 1_240)]).toEqual([false, false, false])
  expect(line.take(1_240, 1_490)).toBe(true)
  expect(line.take(1_240, 1_490)).toBe(false)
  expect(missed).toEqual([1_000, 240])
})

it('misses all of a silence, told piece by piece', () => {
  const { line, missed } = lineFrom(0)
  for (const ns of [500, 500, 400, 1_000]) line.settle(ns)
  expect(missed).toEqual([500, 500])
})
