import { HarnessError } from '../core/errors.js'
import { formatDurationUs } from '../core/units.js'
import { plainTable } from '../report/plain-table.js'
import type { MetricSummary, RunResult, TimeSummary } from '../metrics/run-result.js'

export interface Sweep {
  /** Path in the profile, as `--set` takes it. */
  readonly path: string
  readonly values: readonly (number | string)[]
}

/** Points of a sweep that gives no step. */
const POINTS = 8
const MOST_POINTS = 200
/** What people say for what the profile has deeper down. */
const SHORT: Readonly<Record<string, string>> = {
  slaves: 'slaves.count',
  mailboxes: 'site.mailboxes',
  rate: 'backends.arrivals.rate',
  kicks: 'kicks.rate',
}

/**
 * `slaves=10..300`, `slaves=10..300:10`, or a list: `slaves.retryDelay=2s,4s,8s`.
 *
 * @throws {HarnessError} `USAGE`
 */
export function parseSweep(text: string): Sweep {
  const [, name, given] = /^([\w.]+)=(.+)$/.exec(text) ?? []
  if (name === undefined || given === undefined) throw bad(text)
  if (name === 'seed') {
    throw new HarnessError('USAGE', `--sweep ${text}: runs of a point differ in their seeds`, 'give --seed and --seeds')
  }
  return { path: SHORT[name] ?? name, values: valuesOf(text, given) }
}

function valuesOf(text: string, given: string): (number | string)[] {
  const range = /^(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?$/.exec(given)
  if (range === null) return given.split(',')
  const [from, to, step] = range.slice(1).map(Number)
  if (to < from || step === 0) throw bad(text)
  const count = Number.isNaN(step) ? POINTS : Math.floor((to - from) / step) + 1
  if (count > MOST_POINTS)
    throw new HarnessError('USAGE', `--sweep ${text}: ${count} points`, `give ${MOST_POINTS} at most`)
  const values = Array.from({ length: count }, (_, i) =>
    Number.isNaN(step) ? from + ((to - from) * i) / (POINTS - 1) : from + step * i,
  )
  const whole = Number.isInteger(from) && Number.isInteger(to)
  return [...new Set(values.map(value => (whole ? Math.round(value) : value)))]
}

function bad(text: string): HarnessError {
  return new HarnessError(
    'USAGE',
    `--sweep ${text}: not a sweep`,
    'write slaves=10..300, slaves=10..300:10 or slaves.count=10,20',
  )
}

/** Runs of one point of a sweep, by their seeds. */
export interface SweepPoint {
  readonly value: number | string
  readonly results: readonly RunResult[]
}

/** A line for each point: medians, and what lies between the 5th and the 95th percentile of the seeds. */
export function sweepText({ path }: Sweep, points: readonly SweepPoint[]): string {
  const table = plainTable(
    [path, 'thrash', 'time-outs', 'resyncs', 'longest create', 'slaves’ NOOP p99', 'a list'],
    ['right', 'left', 'right', 'right', 'right', 'right', 'right'],
  )
  for (const { value, results } of points) {
    table.push([
      String(value),
      statesText(results),
      countsText(results.map(({ slaves }) => slaves.timeouts)),
      countsText(results.map(({ slaves }) => slaves.resyncs)),
      timesText(
        results.map(({ total }) => timeOf(total.operations.create)),
        'max',
      ),
      timesText(
        results.map(({ total }) => timeOf(total.commands['NOOP.slave'])),
        'p99',
      ),
      middleText(results.flatMap(({ slaves }) => (slaves.dumpHoldMs === null ? [] : [slaves.dumpHoldMs * 1e3]))),
    ])
  }
  return table.toString()
}

function statesText(results: readonly RunResult[]): string {
  const count = (state: string) => results.filter(({ slaves }) => slaves.thrash.state === state).length
  return ['none', 'ended', 'sustained']
    .filter(state => count(state) > 0)
    .map(state => (count(state) === results.length ? state : `${count(state)} ${state}`))
    .join(', ')
}

function countsText(counts: readonly number[]): string {
  const sorted = counts.toSorted((a, b) => a - b)
  const [low, middle, high] = [0.05, 0.5, 0.95].map(share => at(sorted, share))
  return low === high ? String(middle) : `${middle} (${low}–${high})`
}

/** A closed loop has no intended starts. */
function timeOf(metric: MetricSummary | undefined): TimeSummary | undefined {
  return metric?.responseTimeUs ?? metric?.serviceTimeUs
}

/** The middle one of the seeds', marked where it is a lower bound: one below it might have been above it. */
export function timesText(times: readonly (TimeSummary | undefined)[], which: 'p99' | 'max'): string {
  const sorted = times.filter(time => time !== undefined).toSorted((a, b) => a[which] - b[which])
  if (sorted.length === 0) return ''
  const middle = at(sorted, 0.5)
  const isBound = sorted.some(time => time[which] <= middle[which] && time.lowerBounds.includes(which))
  return `${isBound ? '≥' : ''}${formatDurationUs(middle[which])}`
}

function middleText(us: readonly number[]): string {
  return us.length === 0
    ? ''
    : formatDurationUs(
        at(
          us.toSorted((a, b) => a - b),
          0.5,
        ),
      )
}

function at<T>(sorted: readonly T[], share: number): T {
  return sorted[Math.round(share * (sorted.length - 1))]
}
