import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entityRandom } from '../../src/core/random.js'
import { arrivalTimes, type OpenArrivalSpec } from '../../src/generators/arrivals.js'

function take(spec: OpenArrivalSpec, count: number, seed = 1): number[] {
  const times: number[] = []
  for (const time of arrivalTimes(spec, entityRandom(seed, 'arrivals', 0))) {
    if (times.push(time) === count) break
  }
  return times
}

function until(spec: OpenArrivalSpec, endNs: number): number[] {
  const times: number[] = []
  for (const time of arrivalTimes(spec, entityRandom(1, 'arrivals', 0))) {
    if (time >= endNs) break
    times.push(time)
  }
  return times
}

describe('exact schedules', () => {
  const ramp = { kind: 'ramp', fromPerSecond: 0, toPerSecond: 4, durationNs: 2e9 } as const
  it.each<{ title: string; spec: OpenArrivalSpec; first: number[] }>([
    { title: 'constant', spec: { kind: 'constant', ratePerSecond: 4 }, first: [0, 0.25e9, 0.5e9, 0.75e9] },
    // Whole ns, without a sum of roundings: the 3,000,000th is at 1e15, not at 999,999,999,000,000.
    { title: 'thirds', spec: { kind: 'constant', ratePerSecond: 3 }, first: [0, 333333333, 666666667, 1e9] },
    { title: 'burst', spec: { kind: 'burst', size: 3, everyNs: 5e9 }, first: [0, 0, 0, 5e9, 5e9, 5e9, 10e9] },
    // t² arrivals by t, four in two seconds, then four a second.
    { title: 'ramp from 0', spec: ramp, first: [0, 1e9, 1414213562, 1732050808, 2e9, 2.25e9, 2.5e9] },
    {
      title: 'ramp that goes down',
      spec: { kind: 'ramp', fromPerSecond: 4, toPerSecond: 2, durationNs: 1e9 },
      first: [0, 267949192, 585786438, 1e9, 1.5e9, 2e9],
    },
    {
      title: 'ramp without length',
      spec: { kind: 'ramp', fromPerSecond: 9, toPerSecond: 2, durationNs: 0 },
      first: [0, 0.5e9, 1e9],
    },
  ])('$title', ({ spec, first }) => {
    expect(take(spec, first.length)).toEqual(first)
  })

  it.each<{ title: string; spec: OpenArrivalSpec; count: number }>([
    { title: 'constant 0', spec: { kind: 'constant', ratePerSecond: 0 }, count: 0 },
    { title: 'poisson 0', spec: { kind: 'poisson', ratePerSecond: 0 }, count: 0 },
    { title: 'ramp to 0', spec: { kind: 'ramp', fromPerSecond: 10, toPerSecond: 0, durationNs: 2e9 }, count: 10 },
    { title: 'bursts of 0', spec: { kind: 'burst', size: 0, everyNs: 1e9 }, count: 0 },
  ])('a rate of 0 ends it: $title', ({ spec, count }) => {
    expect(take(spec, 1000).length).toBe(count)
  })
})

describe('mean rates', () => {
  it.each<{ spec: OpenArrivalSpec; seconds: number; count: number; within: number }>([
    { spec: { kind: 'constant', ratePerSecond: 777 }, seconds: 100, count: 77_700, within: 0 },
    { spec: { kind: 'poisson', ratePerSecond: 1000 }, seconds: 100, count: 100_000, within: 1500 },
    {
      spec: { kind: 'ramp', fromPerSecond: 100, toPerSecond: 900, durationNs: 50e9 },
      seconds: 100,
      count: 70_000,
      within: 1,
    },
    { spec: { kind: 'burst', size: 50, everyNs: 1e9 }, seconds: 100, count: 5000, within: 0 },
  ])('of $spec.kind', ({ spec, seconds, count, within }) => {
    expect(Math.abs(until(spec, seconds * 1e9).length - count)).toBeLessThanOrEqual(within)
  })

  it('of a ramp is the one of each moment', () => {
    const times = until({ kind: 'ramp', fromPerSecond: 100, toPerSecond: 1100, durationNs: 10e9 }, 10e9)
    const inSecond = (s: number) => times.filter(time => time >= s * 1e9 && time < (s + 1) * 1e9).length
    for (let s = 0; s < 10; s++) expect(Math.abs(inSecond(s) - (150 + 100 * s))).toBeLessThanOrEqual(1)
  })

  it('of poisson is not all: gaps vary as exponential ones do', () => {
    const times = take({ kind: 'poisson', ratePerSecond: 1000 }, 50_000)
    const gaps = times.slice(1).map((time, i) => time - times[i]!)
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
    expect(deviation / mean).toBeGreaterThan(0.97)
    expect(deviation / mean).toBeLessThan(1.03)
  })
})

it('every schedule is whole, never goes back and is the same again', () => {
  const rate = fc.double({ min: 0.001, max: 1e6, noNaN: true })
  const durationNs = fc.integer({ min: 0, max: 3600e9 })
  const spec = fc.oneof(
    fc.record({ kind: fc.constant('constant' as const), ratePerSecond: rate }),
    fc.record({ kind: fc.constant('poisson' as const), ratePerSecond: rate }),
    fc.record({ kind: fc.constant('ramp' as const), fromPerSecond: rate, toPerSecond: rate, durationNs }),
    fc.record({
      kind: fc.constant('burst' as const),
      size: fc.integer({ min: 1, max: 99 }),
      everyNs: fc.integer({ min: 1 }),
    }),
  )
  fc.assert(
    fc.property(spec, fc.integer(), (of, seed) => {
      const times = take(of, 300, seed)
      expect(times.length).toBe(300)
      expect(times.every((time, i) => Number.isInteger(time) && time >= (times[i - 1] ?? 0))).toBe(true)
      expect(take(of, 300, seed)).toEqual(times)
    }),
  )
})
