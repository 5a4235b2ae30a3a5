import Table from 'cli-table3'
import { HarnessError } from '../core/errors.js'
import { formatDurationUs } from '../core/units.js'
import type { RunResult } from '../metrics/run-result.js'

export interface Sweep {
  /** Path in the profile, as `--set` takes it. */
  readonly path: string
  readonly values: readonly number[]
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
 * `slaves=10..300`, `slaves=10..300:10` or `slaves.count=10,20,40`.
 *
 * @throws {HarnessError} `USAGE`
 */
export function parseSweep(text: string): Sweep {
  const [, name, given] = /^([\w.]+)=(.+)$/.exec(text) ?? []
  if (name === undefined || given === undefined) throw bad(text)
  return { path: SHORT[name] ?? name, values: valuesOf(text, given) }
}

function valuesOf(text: string, given: string): number[] {
  const range = /^(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?$/.exec(given)
  if (range === null) {
    const list = given.split(',').map(Number)
    if (list.some(value => Number.isNaN(value))) throw bad(text)
    return list
  }
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
  readonly value: number
  readonly results: readonly RunResult[]
}

/** A line for each point: medians, and what lies between the 5th and the 95th percentile of the seeds. */
export function sweepText({ path }: Sweep, points: readonly SweepPoint[]): string {
  const table = new Table({
    head: [path, 'thrash', 'time-outs', 'resyncs', 'create max', 'NOOP.plain p99', 'NOOP.slave p99', 'a list'],
    style: { head: [], border: [], compact: true },
    colAligns: ['right', 'left', 'right', 'right', 'right', 'right', 'right', 'right'],
  })
  for (const { value, results } of points) {
    const spread = (of: (result: RunResult) => number | undefined, format: (value: number) => string) =>
      spreadText(results.map(of), format)
    table.push([
      String(value),
      statesText(results),
      spread(({ slaves }) => slaves.timeouts, String),
      spread(({ slaves }) => slaves.resyncs, String),
      spread(({ total }) => total.operations.create?.responseTimeUs?.max, formatDurationUs),
      spread(({ total }) => total.commands['NOOP.plain']?.responseTimeUs?.p99, formatDurationUs),
      spread(({ total }) => total.commands['NOOP.slave']?.responseTimeUs?.p99, formatDurationUs),
      spread(({ slaves }) => (slaves.dumpHoldMs === null ? undefined : slaves.dumpHoldMs * 1e3), formatDurationUs),
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

function spreadText(values: readonly (number | undefined)[], format: (value: number) => string): string {
  const sorted = values.filter(value => value !== undefined).sort((a, b) => a - b)
  if (sorted.length === 0) return ''
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]
  const [low, middle, high] = [at(0.05), at(0.5), at(0.95)].map(format)
  return low === high ? middle : `${middle} (${low}–${high})`
}
