import fc from 'fast-check'
import { expect, it } from 'vitest'
import { episodesOf } from '../../src/diagnosis/episodes.js'
import { retryDelayOf } from '../../src/diagnosis/retry-delay.js'
import type { SlaveMove } from '../../src/metrics/interval.js'
import { detectThrash, followLists } from '../../src/slaves/thrash.js'

const DELAY_NS = 2e9
const SLAVES = 4

/** A slave that times out and lists, over and over, as long as it is asked to. */
const lives = fc.array(
  fc.record({
    slave: fc.nat(SLAVES - 1),
    quietS: fc.integer({ min: 0, max: 20 }),
    waitS: fc.integer({ min: 2, max: 3 }),
    listS: fc.integer({ min: 0, max: 9 }),
  }),
  { minLength: 1, maxLength: 30 },
)

function movesOf(turns: typeof lives extends fc.Arbitrary<infer T> ? T : never): SlaveMove[] {
  const nowNs = Array<number>(SLAVES).fill(0)
  return turns
    .flatMap(({ slave, quietS, waitS, listS }) => {
      const move = (seconds: number, kind: SlaveMove['kind']): SlaveMove => {
        nowNs[slave] += seconds * 1e9
        return { slave, kind, atNs: nowNs[slave] }
      }
      return [move(quietS + 4, 'timed-out'), move(waitS, 'dump'), move(listS, 'listed'), move(0, 'ready')]
    })
    .sort((a, b) => a.atNs - b.atNs)
}

it('thrashes are those that the harness finds in a run, cut where all was quiet', () => {
  let [withOne, ended] = [0, 0]
  fc.assert(
    fc.property(lives, fc.integer({ min: 0, max: 30 }), (turns, restS) => {
      const moves = movesOf(turns)
      const endNs = moves.at(-1)!.atNs + restS * 1e9
      const thrash = detectThrash(moves, DELAY_NS, endNs)
      const episodes = episodesOf(followLists(moves, DELAY_NS), DELAY_NS, endNs)
      expect(episodes.length > 0).toBe(thrash.state !== 'none')
      if (episodes.length === 0) return
      withOne++
      const last = episodes.at(-1)!
      expect(Math.max(...episodes.map(({ cycles }) => cycles))).toBe(thrash.cycles)
      expect(episodes[0].onsetNs).toBeGreaterThanOrEqual(thrash.onsetNs!)
      if (thrash.state === 'ended') {
        ended++
        expect(last.endNs).toBeLessThanOrEqual(thrash.endNs!)
      } else expect(last.endNs === undefined || last.endNs < endNs).toBe(true)
      if (episodes.reduce((sum, { timeouts }) => sum + timeouts.length, 0) !== thrash.causedTimeouts) return
      expect(episodes[0].onsetNs).toBe(thrash.onsetNs)
      expect(last.endNs).toBe(thrash.endNs)
    }),
    { numRuns: 500, seed: 7 },
  )
  expect(withOne).toBeGreaterThan(50)
  expect(ended).toBeGreaterThan(10)
})

it.each([
  { retries: [2, 2, 2], likely: 2, low: 2, high: 2, source: 'retries' },
  { retries: [20, 29], likely: 20, low: 20, high: 20, source: 'default fits the retries' },
  { retries: [24], likely: 20, low: 17, high: 24, source: 'default fits the retries' },
  { retries: [40, 41, 55], likely: 40, low: 38, high: 40, source: 'retries' },
  { retries: [], likely: 20, low: 20, high: 20, source: 'default, no retry seen' },
])('waits of $retries s mean a retry delay of $low to $high s', ({ retries, ...delay }) => {
  expect(retryDelayOf(retries, undefined)).toEqual(delay)
})
