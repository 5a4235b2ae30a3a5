import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeHistogram, loadHistograms } from '../../src/metrics/latency.js'
import { type MetricDelta, Recorder } from '../../src/metrics/recorder.js'
import { decodedDelta, Tally } from '../../src/metrics/tally.js'

beforeAll(loadHistograms)

const MS = 1e6

function add(tally: Tally, delta: MetricDelta): void {
  tally.add(delta, decodedDelta(delta))
}

function tallyOf(recorder: Recorder): Tally {
  const tally = new Tally()
  for (const delta of recorder.takeDeltas()) add(tally, delta)
  return tally
}

describe('metrics', () => {
  it('keeps response and service time apart, in µs with decimals', () => {
    const recorder = new Recorder()
    recorder.metric(0, 'commands', 'NOOP.plain').add('ok', 0, 2 * MS, 2 * MS + 23_400)
    const summary = tallyOf(recorder).summary(1e9)
    expect(summary.responseTimeUs?.max).toBeCloseTo(2023.4, -1)
    expect(summary.serviceTimeUs?.p50).toBeCloseTo(23.4, 1)
    expect(summary.serviceTimeUs?.lowerBounds).toEqual([])
    expect(summary.ratePerSecond).toBe(1)
  })

  it('has no response time in a closed loop', () => {
    const recorder = new Recorder()
    recorder.metric(0, 'commands', 'ACTIVATE').add('ok', undefined, 0, MS)
    expect(tallyOf(recorder).summary(1e9)).not.toHaveProperty('responseTimeUs')
  })

  it('counts what never ended as a lower bound and marks just what it makes uncertain', () => {
    const recorder = new Recorder()
    const metric = recorder.metric(0, 'commands', 'NOOP.slave')
    for (let i = 0; i < 95; i++) metric.add('ok', 0, 0, MS)
    for (let i = 0; i < 5; i++) metric.add('unfinished', 0, 0, 5000 * MS)
    const summary = tallyOf(recorder).summary(1e9)
    expect(summary).toMatchObject({ count: 100, unfinished: 5 })
    expect(summary.responseTimeUs?.p50).toBeCloseTo(1000, -1)
    expect(summary.responseTimeUs?.p99).toBeGreaterThan(4.9e6)
    expect(summary.responseTimeUs?.lowerBounds).toEqual(['mean', 'p99', 'p999', 'max'])
  })

  it('marks a quantile that a short-lived unfinished operation could still raise', () => {
    const recorder = new Recorder()
    const metric = recorder.metric(0, 'commands', 'NOOP.slave')
    for (let i = 0; i < 100; i++) metric.add('ok', 0, 0, 10 * MS)
    metric.add('unfinished', 0, 0, MS)
    expect(tallyOf(recorder).summary(1e9).responseTimeUs?.lowerBounds).toEqual([
      'min',
      'mean',
      'p50',
      'p90',
      'p99',
      'p999',
      'max',
    ])
  })

  it('adds up the same however samples are spread over recorders and intervals', () => {
    const sample = fc.record({ ns: fc.integer({ min: 1, max: 1e10 }), shard: fc.nat(2), flush: fc.boolean() })
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 60 }), samples => {
        const one = new Recorder()
        const shards = [new Recorder(), new Recorder(), new Recorder()]
        const merged = new Tally()
        const seconds = new Tally()
        let second = new Tally()
        const add = (delta: MetricDelta) => {
          for (const tally of [merged, second]) tally.add(delta, decodedDelta(delta))
        }
        for (const { ns, shard, flush } of samples) {
          one.metric(0, 'commands', 'X').add('ok', 0, undefined, ns)
          shards[shard].metric(0, 'commands', 'X').add('ok', 0, undefined, ns)
          if (!flush) continue
          for (const delta of shards[shard].takeDeltas()) add(delta)
          seconds.merge(second)
          second.destroy()
          second = new Tally()
        }
        for (const shard of shards) for (const delta of shard.takeDeltas()) add(delta)
        seconds.merge(second)
        const whole = tallyOf(one)
        for (const tally of [merged, seconds]) expect(tally.summary(1e9)).toEqual(whole.summary(1e9))
        for (const thing of [one, ...shards, merged, second, seconds, whole]) thing.destroy()
      }),
      { numRuns: 40 },
    )
  })

  it('encodes what other HdrHistogram tools read', () => {
    const recorder = new Recorder()
    recorder.metric(0, 'commands', 'X').add('ok', undefined, 0, 1234)
    const [delta] = recorder.takeDeltas()
    expect(delta.service).toMatch(/^HIST/)
    expect(decodeHistogram(delta.service!).totalCount).toBe(1)
    expect(recorder.takeDeltas()).toEqual([])
  })
})
