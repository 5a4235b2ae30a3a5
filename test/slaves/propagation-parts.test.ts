import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Mutation } from '../../src/slaves/ledger.js'
import { PropagationMerge, type PropagationPart, PropagationShare } from '../../src/slaves/propagation-parts.js'

const OK_NS = 1e9
const mutation = (seen: number): Mutation => ({
  name: 0,
  version: 0,
  order: 7,
  sender: 0,
  sentOrder: 7,
  okNs: OK_NS,
  needs: seen,
  seen,
})

/** @returns what is said of one mutation that came to so many slaves after these times, thread by thread */
function told(threads: readonly (readonly number[])[], owed = 0, shares = threads.length): Record<string, number> {
  const said: Record<string, number> = {}
  const merge = new PropagationMerge(shares, {
    reached(which, okNs, atNs) {
      said[which] = atNs - okNs
    },
  })
  for (const lags of threads) {
    const share = new PropagationShare((part: PropagationPart) => merge.add(part))
    const one = mutation(lags.length)
    for (const lag of lags) share.delivered(one, lag)
    share.ended(one, owed)
  }
  merge.end()
  return said
}

const lag = fc.integer({ min: 0, max: 1e9 })

it('says which slave of all threads was the first, the one in the middle, and the last', () => {
  fc.assert(
    fc.property(fc.array(fc.array(lag, { maxLength: 60 }), { minLength: 1, maxLength: 5 }), threads => {
      const all = threads.flat().sort((a, b) => a - b)
      if (all.length === 0) expect(told(threads)).toEqual({})
      else
        expect(told(threads)).toEqual({
          first: all[0],
          median: all[Math.ceil(all.length / 2) - 1],
          last: all.at(-1),
        })
    }),
  )
})

it('of thousands of slaves has the median to 1.6 % of them', () => {
  const threads = [2500, 7500].map((count, thread) => Array.from({ length: count }, (_, i) => i * 1000 + thread))
  const all = threads.flat().sort((a, b) => a - b)
  const { first, median, last } = told(threads)
  expect([first, last]).toEqual([all[0], all.at(-1)])
  const rank = all.filter(ns => ns <= median!).length / all.length
  expect(Math.abs(rank - 0.5)).toBeLessThan(0.017)
})

it('has no last where one waits in vain, and no more than the first where a thread says nothing', () => {
  expect(told([[5, 6, 7], [1]], 1)).toEqual({ first: 1, median: 6 })
  expect(told([[5, 6, 7]], 0, 2)).toEqual({ first: 5 })
})
