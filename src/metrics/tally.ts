import { addCounts, type Counts, countsIn } from './encoded-histogram.js'
import { type Histogram, newHistogram, summarise } from './latency.js'
import type { MetricDelta } from './recorder.js'
import type { MetricSummary } from './run-result.js'

/** A metric's merged samples: adding deltas is associative, so threads, machines and seconds all add up the same way. */
export class Tally {
  private count = 0
  private failed = 0
  private unfinished = 0
  private responseBoundNs = Infinity
  private serviceBoundNs = Infinity
  private readonly histograms: { response?: Histogram; service?: Histogram } = {}

  /** @param decoded of its histograms: whoever adds a delta to several tallies decodes it once */
  add(delta: MetricDelta, decoded: DecodedDelta): void {
    this.count += delta.count
    this.failed += delta.failed
    this.unfinished += delta.unfinished
    this.responseBoundNs = Math.min(this.responseBoundNs, delta.responseBoundNs ?? Infinity)
    this.serviceBoundNs = Math.min(this.serviceBoundNs, delta.serviceBoundNs ?? Infinity)
    for (const kind of KINDS) if (decoded[kind] !== undefined) addCounts(this.histogram(kind), decoded[kind])
  }

  merge(other: Tally): void {
    this.count += other.count
    this.failed += other.failed
    this.unfinished += other.unfinished
    this.responseBoundNs = Math.min(this.responseBoundNs, other.responseBoundNs)
    this.serviceBoundNs = Math.min(this.serviceBoundNs, other.serviceBoundNs)
    for (const kind of KINDS) {
      const theirs = other.histograms[kind]
      if (theirs !== undefined) this.histogram(kind).add(theirs)
    }
  }

  /** @param durationNs length of the span the samples belong to */
  summary(durationNs: number): MetricSummary {
    const { response, service } = this.histograms
    const responseTimeUs = response && summarise(response, this.responseBoundNs)
    const serviceTimeUs = service && summarise(service, this.serviceBoundNs)
    return {
      count: this.count,
      failed: this.failed,
      unfinished: this.unfinished,
      ratePerSecond: durationNs > 0 ? round3((this.count - this.unfinished) / (durationNs / 1e9)) : 0,
      ...(responseTimeUs === undefined ? {} : { responseTimeUs }),
      ...(serviceTimeUs === undefined ? {} : { serviceTimeUs }),
    }
  }

  destroy(): void {
    this.histograms.response?.destroy()
    this.histograms.service?.destroy()
  }

  private histogram(kind: (typeof KINDS)[number]): Histogram {
    this.histograms[kind] ??= newHistogram()
    return this.histograms[kind]
  }
}

const KINDS = ['response', 'service'] as const

/** A delta's histograms, as far as it has any. */
export interface DecodedDelta {
  readonly response: Counts | undefined
  readonly service: Counts | undefined
}

export function decodedDelta({ response, service }: MetricDelta): DecodedDelta {
  return {
    response: response === undefined ? undefined : countsIn(response),
    service: service === undefined ? undefined : countsIn(service),
  }
}

export function round3(value: number): number {
  return Math.round(value * 1000) / 1000
}
