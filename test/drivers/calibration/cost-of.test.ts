import { describe, expect, it } from 'vitest'
import { entityRandom } from '../../../src/core/random.js'
import { beyond, costOf } from '../../../src/drivers/calibration/cost-of.js'
import { shortEnough } from '../../../src/drivers/calibration/streams.js'

describe('costOf', () => {
  it('has an interval that covers the median in 95 of 100 cases or more', () => {
    const random = entityRandom(1, 'interval', 0)
    let covered = 0
    for (let i = 0; i < 1000; i++) {
      const { low, high } = costOf(
        Array.from({ length: 24 }, () => -Math.log(1 - random())),
        'noop',
      )
      if (low <= Math.LN2 && Math.LN2 <= high) covered++
    }
    expect(covered).toBeGreaterThan(940)
  })

  it('is the spread of the samples', () => {
    const samples = Array.from({ length: 101 }, (_, i) => i)
    expect(costOf(samples, 'noop')).toEqual({ p10: 10, p50: 50, p90: 90, low: 40, high: 60, samples: 101 })
  })

  it('says what could not be measured', () => {
    expect(() => costOf([], 'logPerStream')).toThrow('logPerStream could not be measured')
  })

  it('knows no cost below 0', () => {
    expect(costOf([-3, -2, -1, 1], 'noop')).toMatchObject({ p10: 0, p50: 0, low: 0, high: 1 })
  })
})

describe('beyond', () => {
  it('takes the median of the floor from each sample, and divides', () => {
    expect(beyond([110, 130], [10, 11, 900], 10)).toEqual([9.9, 11.9])
  })
})

describe('pending updates that fit into one segment', () => {
  const record = (bytes: number) => ({ name: 'n'.repeat(bytes), location: '', acl: '', state: 'active' }) as const

  it('are at most thirty', () => expect(shortEnough(Array(100).fill(record(20)))).toHaveLength(30))

  it('leave out those that are too long', () => {
    const chosen = shortEnough([record(20), record(4000), record(20)])
    expect(chosen.map(({ name }) => name.length)).toEqual([20, 20])
  })

  it('take 3,500 bytes at most', () => expect(shortEnough(Array(30).fill(record(460)))).toHaveLength(7))
})
