import { newCounters } from '../../src/metrics/interval.js'
import type { TimeSummary } from '../../src/metrics/run-result.js'
import type { SecondLine } from '../../src/metrics/second-line.js'

export function timeOf(us: number, lowerBounds: TimeSummary['lowerBounds'] = []): TimeSummary {
  return { count: 10, min: us, mean: us, p50: us, p90: us, p99: us, p999: us, max: us, lowerBounds }
}

/** A second in which nothing was done. */
export function idleSecond(atMs: number, phase = 'steady'): SecondLine {
  return {
    atMs,
    spanMs: 1000,
    phase,
    operations: {},
    commands: {},
    offeredPerSecond: {},
    propagationUs: null,
    master: null,
    harness: null,
    counters: newCounters(),
  }
}

/** One whose NOOPs all took as long. */
export function probedSecond(atMs: number, us: number): SecondLine {
  const noop = { count: 10, failed: 0, unfinished: 0, ratePerSecond: 10, responseTimeUs: timeOf(us) }
  return { ...idleSecond(atMs), commands: { 'NOOP.plain': noop } }
}
