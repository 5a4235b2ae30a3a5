import { decodeHistogram, type Histogram, newHistogram, summarise } from './latency.js'
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

  add(delta: MetricDelta): void {
    this.count += delta.count
    this.failed += delta.failed
    this.unfinished += delta.unfinished
    this.responseBoundNs = Math.min(this.responseBoundNs, delta.responseBoundNs ?? Infinity)
    this.serviceBoundNs = Math.min(this.serviceBoundNs, delta.serviceBoundNs ?? Infinity)
    this.merge('response', delta.response)
    this.merge('service', delta.service)
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

  private merge(kind: 'response' | 'service', encoded: string | undefined): void {
    if (encoded === undefined) return
    this.histograms[kind] ??= newHistogram()
    const decoded = decodeHistogram(encoded)
    this.histograms[kind].add(decoded)
    decoded.destroy()
  }
}

export function round3(value: number): number {
  return Math.round(value * 1000) / 1000
}
