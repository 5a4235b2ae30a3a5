import type { MetricSummary, PhaseResult, RunResult, TimeSummary } from '../../metrics/run-result.js'

/** Phases that have a length: those with load. The others take as long as they take. */
export function timedPhases({ phases }: Pick<RunResult, 'phases'>): PhaseResult[] {
  return phases.filter(({ ended }) => ended === 'duration' || ended === 'lost' || ended === 'interrupted')
}

/** A closed loop has no intended starts. */
export function timeOf(metric: MetricSummary | undefined): TimeSummary | undefined {
  return metric?.responseTimeUs ?? metric?.serviceTimeUs
}

/** The one with the largest p99. */
export function worst(times: readonly (TimeSummary | undefined)[]): TimeSummary | undefined {
  return times.reduce((most, time) => (time !== undefined && time.p99 > (most?.p99 ?? -1) ? time : most), undefined)
}
