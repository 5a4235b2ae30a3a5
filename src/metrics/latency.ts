import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
  initWebAssembly,
} from 'hdr-histogram-js'
import type { TimeSummary } from './run-result.js'

/** Highest time kept exactly; longer ones are counted here (they are lower bounds then, and marked). */
export const HIGHEST_NS = 3600e9

export type { Histogram } from 'hdr-histogram-js'

/** Once per thread, before the first histogram. The WASM build records in 20–25 ns, the JS one in 126. */
export async function loadHistograms(): Promise<void> {
  await initWebAssembly()
}

/** Whole nanoseconds from 1 to an hour, three significant digits: a NOOP takes 20 µs, whole µs would be steps of 5 %. */
export function newHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_NS,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
    autoResize: false,
    useWebAssembly: true,
  })
}

/** @param ns not NaN; clamped to [1, an hour] */
export function record(histogram: Histogram, ns: number): void {
  histogram.recordValue(ns < 1 ? 1 : ns > HIGHEST_NS ? HIGHEST_NS : Math.round(ns))
}

/** The same so many times over. @param ns a whole number */
export function recordMany(histogram: Histogram, ns: number, count: number): void {
  histogram.recordValueWithCount(Math.min(Math.max(ns, 1), HIGHEST_NS), count)
}

/** HdrHistogram's V2 compressed encoding, as log files hold it. */
export function encodeHistogram(histogram: Histogram): string {
  return encodeIntoCompressedBase64(histogram)
}

/** The caller `destroy()`s it: WASM memory is not garbage collected. */
export function decodeHistogram(encoded: string): Histogram {
  return decodeFromCompressedBase64(encoded, 32, true)
}

export const TIME_STATISTICS = ['min', 'mean', 'p50', 'p90', 'p99', 'p999', 'max'] as const
export type TimeStatistic = (typeof TIME_STATISTICS)[number]

/**
 * @param boundNs the smallest lower bound recorded in the histogram; Infinity when all its samples are exact
 * @returns undefined when nothing was recorded: absent is not zero
 */
export function summarise(histogram: Histogram, boundNs: number): TimeSummary | undefined {
  const count = histogram.totalCount
  if (count === 0) return undefined
  const ns: Record<TimeStatistic, number> = {
    min: histogram.minNonZeroValue,
    mean: histogram.mean,
    p50: histogram.getValueAtPercentile(50),
    p90: histogram.getValueAtPercentile(90),
    p99: histogram.getValueAtPercentile(99),
    p999: histogram.getValueAtPercentile(99.9),
    max: histogram.maxValue,
  }
  // A quantile stays what it is when samples above it grow: only bounds at or below a value make it one itself. The
  // histogram's resolution is one in a thousand, hence the tolerance. The mean grows with any of them; and so may all
  // that reaches the highest value kept.
  const lowest = Math.min(boundNs, HIGHEST_NS)
  const lowerBounds = TIME_STATISTICS.filter(statistic =>
    statistic === 'mean' ? boundNs < Infinity : ns[statistic] * 1.001 >= lowest,
  )
  const us = (statistic: TimeStatistic) => Math.round(ns[statistic]) / 1000
  return {
    count,
    min: us('min'),
    mean: us('mean'),
    p50: us('p50'),
    p90: us('p90'),
    p99: us('p99'),
    p999: us('p999'),
    max: us('max'),
    lowerBounds,
  }
}
