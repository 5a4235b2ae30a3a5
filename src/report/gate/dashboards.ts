import type { GateMetric, GateResult } from '../../metrics/gate-result.js'

/** Bencher Metric Format: benchmark → measure → value and its bounds. What B measured. */
export function bencherMetrics({ profile, metrics }: GateResult): string {
  const measures = metrics.map(({ name, b }) => [name, { value: b.median, lower_value: b.low, upper_value: b.high }])
  return `${JSON.stringify({ [`mupdate-bench ${profile.name}`]: Object.fromEntries(measures) }, null, 2)}\n`
}

/** What github-action-benchmark takes as `customSmallerIsBetter`. A rate is turned round: it is greater that is better. */
export function smallerIsBetter({ profile, metrics }: GateResult): string {
  const entries = metrics.map(metric => {
    const { value, low, high, unit } = smaller(metric)
    return {
      name: `${profile.name}: ${metric.title}${metric.better === 'more' ? ', time of one' : ''}`,
      unit,
      value,
      range: `${low} to ${high}`,
      extra: metric.reason,
    }
  })
  return `${JSON.stringify(entries, null, 2)}\n`
}

function smaller({ b, better, unit }: GateMetric): { value: number; low: number; high: number; unit: string } {
  if (better === 'less') return { value: b.median, low: b.low, high: b.high, unit }
  return { value: 1 / b.median, low: 1 / b.high, high: 1 / b.low, unit: 's' }
}
