import { decodeHistogram, type Histogram, newHistogram } from '../metrics/latency.js'
import { ALL_TIMED, type Curve } from './page/page-data.js'

const METRICS = new Set(['NOOP.plain', 'NOOP.stream', 'NOOP.slave', 'UPDATE', 'create'])
/** Points per halving of the share that is slower. */
const POINTS_PER_HALVING = 4

/** Merges the histograms of a log and reads curves off them: percentiles are never averaged. */
export class CurveBuilder {
  private readonly histograms = new Map<string, Histogram>()

  constructor(private readonly timedPhases: ReadonlySet<string>) {}

  /** A line of `intervals.hlog`; one that was cut off, or is none of a histogram, is passed over. */
  add(line: string): void {
    const match = /^Tag=([^,]*)\/([^/,]+)\/(response|service),[^,]*,[^,]*,[^,]*,(\S+)$/.exec(line)
    if (match === null) return
    const [, phase, metric, time, encoded] = match
    if (!METRICS.has(metric) || !this.timedPhases.has(phase)) return
    const decoded = decodeIfWhole(encoded)
    if (decoded === undefined) return
    for (const scope of [ALL_TIMED, phase]) {
      const key = JSON.stringify([scope, metric, time])
      const merged = this.histograms.get(key) ?? newHistogram()
      this.histograms.set(key, merged)
      merged.add(decoded)
    }
    decoded.destroy()
  }

  /** Of one timed phase the whole is the same, and left out. */
  curves(): Curve[] {
    const all = [...this.histograms].map(([key, histogram]) => {
      const [scope, metric, time] = JSON.parse(key) as [string, string, Curve['time']]
      return { scope, metric, time, ...curveOf(histogram) }
    })
    return this.timedPhases.size > 1 ? all : all.filter(({ scope }) => scope === ALL_TIMED)
  }

  destroy(): void {
    for (const histogram of this.histograms.values()) histogram.destroy()
  }
}

/** The tail's last point is the largest value, where the share that is slower is one sample. */
function curveOf(histogram: Histogram): Pick<Curve, 'count' | 'inverse' | 'us'> {
  const count = histogram.totalCount
  const inverse = [...inverses(count), count]
  const ns = inverse.map(x => (x === count ? histogram.maxValue : histogram.getValueAtPercentile(100 - 100 / x)))
  const us = ns.map(value => Math.round(value) / 1000)
  return { count, inverse, us }
}

/** Even steps for the drawing; among them, exactly, what people ask for: 90, 95, 99, 99.9 %, as `run.json` has them. */
function inverses(count: number): number[] {
  const all = new Set([20])
  for (let i = 0; 2 ** (i / POINTS_PER_HALVING) < count; i++)
    all.add(Number((2 ** (i / POINTS_PER_HALVING)).toPrecision(4)))
  for (let x = 10; x < count; x *= 10) all.add(x)
  return [...all].filter(x => x < count).sort((a, b) => a - b)
}

function decodeIfWhole(encoded: string): Histogram | undefined {
  try {
    return decodeHistogram(encoded)
  } catch {
    return undefined
  }
}
