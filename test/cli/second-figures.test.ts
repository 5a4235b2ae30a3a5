import { expect, it } from 'vitest'
import { type LiveState, NOTHING_YET } from '../../src/cli/live-state.js'
import { liveView } from '../../src/cli/live-view.js'
import { afterSecond, plainLine } from '../../src/cli/second-figures.js'
import { type MetricGroups, SpanTallies } from '../../src/engine/span-tallies.js'
import { newCounters } from '../../src/metrics/interval.js'
import { Standings } from '../../src/slaves/standing.js'
import { timeOf } from '../live/live-second.js'

class Measured extends SpanTallies {
  constructor(private readonly groups: MetricGroups) {
    super()
  }

  override summary(): MetricGroups {
    return this.groups
  }
}

function after(groups: Partial<MetricGroups>): LiveState {
  const tallies = new Measured({ operations: {}, steps: {}, commands: {}, harness: {}, ...groups })
  const plan = { name: 'steady', run: [] as never[], durationNs: 60e9, limitNs: 60e9 }
  const phase = { plan, startNs: 0 } as unknown as Parameters<typeof afterSecond>[1]['phase']
  const second = { atNs: 1e9, phase, tallies, spanNs: 1e9, counters: newCounters() }
  return afterSecond({ title: 'smoke', ...NOTHING_YET }, second, 0, new Standings())
}

it('counts as done what ended well', () => {
  const refused = { count: 10, failed: 4, unfinished: 0, ratePerSecond: 10 }
  const state = after({ operations: { create: refused, find: { ...refused, failed: 0 } } })
  expect(state.load).toMatchObject({ donePerSecond: 16, createsPerSecond: 6 })
})

it('marks the lower bounds, each by itself', () => {
  const noop = { count: 10, failed: 0, unfinished: 1, ratePerSecond: 10, responseTimeUs: timeOf(2000, ['max']) }
  const state = after({ commands: { 'NOOP.plain': noop } })
  expect(plainLine(state)).toBe('NOOP p50 2.00 ms p99 2.00 ms max ≥ 2.00 ms')
  expect(liveView(state, 120, 24, false)[1]).toMatch(/ 2\.00 ms p50 2\.00 ms max ≥ 2\.00 ms$/)
  expect(liveView(state, 120, 24, false)[1]).not.toContain('≥ 2.00 ms p50')
})
