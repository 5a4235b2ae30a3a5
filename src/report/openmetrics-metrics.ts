import type { MetricSummary, RunResult, TimeSummary } from '../metrics/run-result.js'
import type { Family, Labels, Sample } from './openmetrics-text.js'

const GROUPS = [
  { key: 'commands', label: 'command', what: 'commands' },
  { key: 'operations', label: 'operation', what: 'operations' },
] as const

const KINDS = [
  { kind: 'response', key: 'responseTimeUs' },
  { kind: 'service', key: 'serviceTimeUs' },
] as const

/** 0 and 1 are the least and the greatest. */
const QUANTILES = [
  ['0', 'min'],
  ['0.5', 'p50'],
  ['0.9', 'p90'],
  ['0.99', 'p99'],
  ['0.999', 'p999'],
  ['1', 'max'],
] as const

interface Measured {
  readonly labels: Labels
  readonly metric: MetricSummary
}

/** Of commands and of operations: in each phase, and without a label `phase` in the whole run. */
export function metricFamilies(run: RunResult): Family[] {
  const scopes = [
    ...run.phases.map(phase => ({ labels: { phase: phase.name }, scope: phase })),
    { labels: {}, scope: run.total },
  ]
  return GROUPS.flatMap(({ key, label, what }) => {
    const measured = scopes.flatMap(({ labels, scope }) =>
      Object.entries(scope[key]).map(([name, metric]) => ({ labels: { ...labels, [label]: name }, metric })),
    )
    return [...countFamilies(what, measured), ...timeFamilies(label, what, measured)]
  })
}

function countFamilies(what: string, measured: readonly Measured[]): Family[] {
  const family = (name: string, help: string, of: (metric: MetricSummary) => number): Family => ({
    name,
    help,
    type: 'gauge',
    samples: measured.map(({ labels, metric }) => ({ labels, value: of(metric) })),
  })
  return [
    family(what, `${what} that ended or were given up.`, ({ count }) => count),
    family(`${what}_failed`, `${what} answered NO or BAD.`, ({ failed }) => failed),
    family(`${what}_unfinished`, `${what} never answered.`, ({ unfinished }) => unfinished),
    family(`${what}_per_second`, `${what} that ended, a second.`, ({ ratePerSecond }) => ratePerSecond),
  ]
}

function timeFamilies(label: string, what: string, measured: readonly Measured[]): Family[] {
  const times = measured.flatMap(({ labels, metric }) =>
    KINDS.flatMap(({ kind, key }) => {
      const time = metric[key]
      return time === undefined ? [] : [{ labels: { ...labels, kind }, time }]
    }),
  )
  return [
    {
      name: `${label}_seconds`,
      unit: 'seconds',
      help: `How long ${what} took: response from the intended start, service from the sending.`,
      type: 'summary',
      samples: times.flatMap(({ labels, time }) => summaryOf(time, labels)),
    },
    {
      name: `${label}_lower_bound`,
      help: `1 for figures of ${label}_seconds that may be larger: ${what} that never ended are in them.`,
      type: 'gauge',
      samples: times.flatMap(({ labels, time }) =>
        time.lowerBounds.map(statistic => ({ labels: { ...labels, statistic }, value: 1 })),
      ),
    },
  ]
}

/** The sum is that of the mean, which has three significant digits. */
export function summaryOf(time: TimeSummary, labels: Labels): Sample[] {
  return [
    ...QUANTILES.map(([quantile, statistic]) => ({
      labels: { ...labels, quantile },
      value: time[statistic] / 1e6,
    })),
    { suffix: '_sum', labels, value: (time.mean * time.count) / 1e6 },
    { suffix: '_count', labels, value: time.count },
  ]
}
