import { describe, expect, it } from 'vitest'
import { parseSweep, timesText } from '../../src/cli/sweep.js'

describe('a sweep', () => {
  it.each([
    ['slaves=10..50:20', 'slaves.count', [10, 30, 50]],
    ['slaves=10..15:20', 'slaves.count', [10]],
    ['site.mailboxes=0..70', 'site.mailboxes', [0, 10, 20, 30, 40, 50, 60, 70]],
    ['slaves=1..3', 'slaves.count', [1, 2, 3]],
    ['slaves.retryDelay=2s,4s', 'slaves.retryDelay', ['2s', '4s']],
    ['kicks=0.5..1:0.25', 'kicks.rate', [0.5, 0.75, 1]],
  ])('%s', (text, path, values) => {
    expect(parseSweep(text)).toEqual({ path, values })
  })

  it.each(['slaves', 'slaves=', '=1..2', 'slaves=5..1', 'slaves=1..5:0', 'slaves=1..1000:1', 'seed=1..5'])(
    'not %s',
    text => {
      expect(() => parseSweep(text)).toThrow(/--sweep/)
    },
  )
})

describe('the middle one of some times', () => {
  const time = (max: number, isBound = false) => ({
    ...{ count: 1, min: 1, mean: 1, p50: 1, p90: 1, p99: 1, p999: 1 },
    max: max * 1e6,
    lowerBounds: isBound ? ['max' as const] : [],
  })

  it.each([
    { what: 'known', times: [time(3), time(1), time(2)], marked: false },
    { what: 'a bound itself', times: [time(1), time(2, true), time(3)], marked: true },
    { what: 'above one that might be longer', times: [time(1, true), time(2), time(3)], marked: true },
    { what: 'below one that might be longer', times: [time(1), time(2), time(3, true)], marked: false },
  ])('$what', ({ times, marked }) => {
    expect(timesText(times, 'max').startsWith('≥')).toBe(marked)
  })
})
