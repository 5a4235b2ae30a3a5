import { Counter, Gauge, Registry, Summary } from 'prom-client'
import type { MetricSummary, TimeSummary } from '../metrics/run-result.js'

type Labels = Readonly<Record<string, string>>

/** Of a distribution of times, with the labels it goes by. */
export interface Timing {
  readonly labels: Labels
  readonly time: TimeSummary
}

const QUANTILES = { 0.5: 'p50', 0.9: 'p90', 0.99: 'p99', 0.999: 'p999', 1: 'max' } as const

/** A summary whose quantiles come from our own histograms: prom-client's digest would have to see every sample. */
class MeasuredSummary extends Summary {
  constructor(
    private readonly metricName: string,
    help: string,
    labelNames: readonly string[],
    private readonly timings: readonly Timing[],
    private readonly grown: (key: string, value: number) => number,
  ) {
    super({ name: metricName, help, labelNames: [...labelNames], registers: [] })
  }

  override async get() {
    const values = this.timings.flatMap(({ labels, time }) => {
      const key = `${this.metricName} ${JSON.stringify(labels)}`
      const quantiles = Object.entries(QUANTILES).map(([quantile, statistic]) => ({
        labels: { quantile, ...labels },
        value: time[statistic] / 1e6,
      }))
      return [
        ...quantiles,
        {
          metricName: `${this.metricName}_sum`,
          labels,
          value: this.grown(`${key} sum`, (time.mean * time.count) / 1e6),
        },
        { metricName: `${this.metricName}_count`, labels, value: this.grown(`${key} count`, time.count) },
      ]
    })
    return { ...(await super.get()), values }
  }
}

/** One look at a run in Prometheus's terms, made anew for each: what is not known has no series. */
export class Exposition {
  private readonly registry = new Registry()

  /** @param grown the largest that was ever given for a key: counters only grow, rounded figures may not */
  constructor(private readonly grown: (key: string, value: number) => number) {}

  gauge(name: string, help: string, samples: readonly (readonly [Labels, number | null | undefined])[]): void {
    const known = samples.filter((sample): sample is readonly [Labels, number] => typeof sample[1] === 'number')
    if (known.length === 0) return
    const gauge = new Gauge({ name, help, labelNames: Object.keys(known[0][0]), registers: [this.registry] })
    for (const [labels, value] of known) gauge.set(labels, value)
  }

  counter(name: string, help: string, samples: readonly (readonly [Labels, number | null | undefined])[]): void {
    const known = samples.filter((sample): sample is readonly [Labels, number] => typeof sample[1] === 'number')
    if (known.length === 0) return
    const counter = new Counter({ name, help, labelNames: Object.keys(known[0][0]), registers: [this.registry] })
    for (const [labels, value] of known) counter.inc(labels, this.grown(`${name} ${JSON.stringify(labels)}`, value))
  }

  summary(name: string, help: string, timings: readonly Timing[]): void {
    if (timings.length === 0) return
    const summary = new MeasuredSummary(name, help, Object.keys(timings[0].labels), timings, this.grown)
    this.registry.registerMetric(summary)
  }

  get contentType(): string {
    return this.registry.contentType
  }

  text(): Promise<string> {
    return this.registry.metrics()
  }
}

/** How many of a metric ended how. */
export function outcomes(labels: Labels, { count, failed, unfinished }: MetricSummary) {
  return [
    [{ ...labels, outcome: 'ok' }, count - failed - unfinished],
    [{ ...labels, outcome: 'failed' }, failed],
    [{ ...labels, outcome: 'unfinished' }, unfinished],
  ] as const
}
