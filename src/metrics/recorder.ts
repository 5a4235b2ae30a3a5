import { encodeHistogram, type Histogram, newHistogram, record, recordMany } from './latency.js'

/** `steps` holds those of the operations that are a step's own; `harness` what the harness measures of itself. */
export type MetricGroup = 'operations' | 'steps' | 'commands' | 'harness'

/** In `steps`: what arrives by chance beside a step has the operation's own name alone. */
export function stepMetric(operation: string): string {
  return `step.${operation}`
}

/** What one metric gained in one interval; histograms are HdrHistogram V2 compressed, in ns, and absent when empty. */
export interface MetricDelta {
  readonly phase: number
  readonly group: MetricGroup
  readonly name: string
  /** All that ended or was given up: `ok + failed + unfinished`. */
  readonly count: number
  readonly failed: number
  readonly unfinished: number
  readonly response?: string
  readonly service?: string
  /** The greatest value of each, ns. */
  readonly responseMaxNs?: number
  readonly serviceMaxNs?: number
  /** Smallest lower bound in each histogram, ns. */
  readonly responseBoundNs?: number
  readonly serviceBoundNs?: number
}

export type Outcome = 'ok' | 'failed' | 'unfinished'

/** One metric of one phase, since the last interval. */
export class Metric {
  private response: Histogram | undefined
  private service: Histogram | undefined
  private counts = { ok: 0, failed: 0, unfinished: 0 }
  private responseBoundNs = Infinity
  private serviceBoundNs = Infinity

  constructor(
    readonly phase: number,
    readonly group: MetricGroup,
    readonly name: string,
  ) {}

  /**
   * Counts one sample; all times are ns on the run's clock. `intendedNs` is undefined in a closed loop, where nothing
   * was intended; `sentNs` is undefined for what was never sent. Failed ones (NO, BAD) took their time too and are in the histograms; unfinished ones are in
   * them with the time until `doneNs`, which is when they were given up: a lower bound.
   */
  add(outcome: Outcome, intendedNs: number | undefined, sentNs: number | undefined, doneNs: number): void {
    this.counts[outcome]++
    if (intendedNs !== undefined) {
      this.response ??= newHistogram()
      record(this.response, doneNs - intendedNs)
      if (outcome === 'unfinished') this.responseBoundNs = Math.min(this.responseBoundNs, doneNs - intendedNs)
    }
    if (sentNs !== undefined) {
      this.service ??= newHistogram()
      record(this.service, doneNs - sentNs)
      if (outcome === 'unfinished') this.serviceBoundNs = Math.min(this.serviceBoundNs, doneNs - sentNs)
    }
  }

  /** So many samples that ended well, each after the same response time in whole ns. */
  addMany(responseNs: number, count: number): void {
    this.counts.ok += count
    this.response ??= newHistogram()
    recordMany(this.response, responseNs, count)
  }

  /** So many of which no time is known, as of a bulk load. */
  addUntimed(count: number): void {
    this.counts.ok += count
  }

  /** Hands over what was gained and starts afresh; undefined when nothing was. */
  take(): MetricDelta | undefined {
    const { ok, failed, unfinished } = this.counts
    const count = ok + failed + unfinished
    if (count === 0) return undefined
    const delta: MetricDelta = {
      phase: this.phase,
      group: this.group,
      name: this.name,
      count,
      failed,
      unfinished,
      ...encoded('response', this.response),
      ...encoded('service', this.service),
      ...(this.responseBoundNs < Infinity ? { responseBoundNs: this.responseBoundNs } : {}),
      ...(this.serviceBoundNs < Infinity ? { serviceBoundNs: this.serviceBoundNs } : {}),
    }
    this.counts = { ok: 0, failed: 0, unfinished: 0 }
    this.responseBoundNs = Infinity
    this.serviceBoundNs = Infinity
    this.response?.reset()
    this.service?.reset()
    return delta
  }

  destroy(): void {
    this.response?.destroy()
    this.service?.destroy()
  }
}

function encoded(key: 'response' | 'service', histogram: Histogram | undefined): Partial<MetricDelta> {
  if (histogram === undefined || histogram.totalCount === 0) return {}
  return { [key]: encodeHistogram(histogram), [`${key}MaxNs`]: histogram.maxValue }
}

/** All metrics of one thread. A sample belongs to the phase in which its operation was meant to start. */
export class Recorder {
  private readonly metrics = new Map<string, Metric>()

  /** Keep the result where samples come fast. */
  metric(phase: number, group: MetricGroup, name: string): Metric {
    const key = `${phase} ${group} ${name}`
    let metric = this.metrics.get(key)
    if (metric === undefined) {
      metric = new Metric(phase, group, name)
      this.metrics.set(key, metric)
    }
    return metric
  }

  /** One at a time, since encoding a histogram takes up to a millisecond: who has a schedule to keep rests in between. */
  *eachDelta(): Generator<MetricDelta, void, undefined> {
    for (const metric of this.metrics.values()) {
      const delta = metric.take()
      if (delta !== undefined) yield delta
    }
  }

  takeDeltas(): MetricDelta[] {
    return [...this.eachDelta()]
  }

  destroy(): void {
    for (const metric of this.metrics.values()) metric.destroy()
    this.metrics.clear()
  }
}
