import { describe, expect, it } from 'vitest'
import { StopLoss } from '../../src/engine/stop-loss.js'
import type { MetricSummary } from '../../src/metrics/run-result.js'

const plan = { shrinkShare: 0.01, noopNs: 1e9 }
const listed = (records: number, slave = 0) => ({ kind: 'listed', atNs: 0, slave, records }) as const
const noop = (max: number): MetricSummary => ({
  count: 1,
  failed: 0,
  unfinished: 0,
  ratePerSecond: 1,
  responseTimeUs: { count: 1, min: max, mean: max, p50: max, p90: max, p99: max, p999: max, max, lowerBounds: [] },
})

describe('a stop-loss', () => {
  it('lets lists grow, and shrink by no more than was said, whoever was given the longer one', () => {
    const stop = new StopLoss(plan, 3)
    expect(stop.moved(listed(1000))).toBeUndefined()
    expect(stop.moved(listed(2000, 1))).toBeUndefined()
    expect(stop.moved(listed(1980))).toBeUndefined()
    expect(stop.moved(listed(1979, 2))).toMatch(/slave 2 was given a list of 1,979 mailboxes, after one of 2,000/)
    expect(stop.moved({ kind: 'dropped', atNs: 0, slave: 0 })).toBeUndefined()
  })

  it('knows what the first list has to have, what was deleted, and who is given only some of it', () => {
    const stop = new StopLoss(plan, 2)
    stop.expect(1000)
    expect(stop.moved(listed(0))).toMatch(/list of 0 mailboxes, after one of 1,000/)
    expect(stop.moved(listed(300, 2))).toBeUndefined()
    expect(stop.moved(listed(299, 2))).toBeUndefined()
    expect(stop.moved(listed(200, 2))).toMatch(/slave 2 .* after one of 300/)
    stop.deleted(150, 50)
    stop.deleted(10, 20)
    expect(stop.moved(listed(900))).toBeUndefined()
    expect(stop.moved(listed(880))).toMatch(/880/)
  })

  it('looks at the longest NOOP of a slave, and at no others', () => {
    const stop = new StopLoss(plan, 1)
    expect(stop.waited({})).toBeUndefined()
    expect(stop.waited({ 'NOOP.plain': noop(5e6), 'NOOP.slave': noop(1e6) })).toBeUndefined()
    expect(stop.waited({ 'NOOP.slave': noop(1_000_001) })).toMatch(/NOOP waited 1\.00 s, more than 1\.00 s/)
  })

  it('looks at one that still waits, unless it bears whatever they take', () => {
    const stop = new StopLoss(plan, 1)
    expect(stop.waits(1e9)).toBeUndefined()
    expect(stop.waits(1.2e9)).toMatch(/NOOP waited 1\.20 s, more than 1\.00 s/)
    const patient = new StopLoss({ ...plan, noopNs: Infinity }, 1)
    expect(patient.waits(1e15)).toBeUndefined()
    expect(patient.waited({ 'NOOP.slave': noop(1e12) })).toBeUndefined()
  })
})
