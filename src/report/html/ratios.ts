import { formatBytes, formatDurationUs } from '../../core/units.js'
import type { MetricSummary, RunResult, TimeSummary } from '../../metrics/run-result.js'
import { boundedTime } from '../page/bounded.js'

interface Figure {
  readonly value: number
  readonly text: string
  /** A ratio with a lower bound in it is none. */
  readonly isBound: boolean
}

type FigureOf = (run: RunResult) => Figure | undefined

/** A row for each figure that any of the runs has: its name, that of the first run, then each other with its ratio. */
export function ratioRows(runs: readonly RunResult[]): string[][] {
  return figuresOf(runs)
    .map(([name, of]) => ({ name, figures: runs.map(of) }))
    .filter(({ figures }) => figures.some(figure => figure !== undefined))
    .map(({ name, figures: [base, ...others] }) => [
      name,
      base?.text ?? '–',
      ...others.flatMap(figure => [figure?.text ?? '–', ratio(figure, base)]),
    ])
}

function ratio(figure: Figure | undefined, base: Figure | undefined): string {
  if (figure === undefined || base === undefined || figure.isBound || base.isBound || base.value === 0) return '–'
  return `${Number((figure.value / base.value).toPrecision(3))} ×`
}

/** Phases that all have, so that like is laid beside like; the counts of slaves are those of whole runs. */
function figuresOf(runs: readonly RunResult[]): [string, FigureOf][] {
  const [first, ...others] = runs
  const phases = first.phases
    .filter(
      ({ name, ended }) => ended !== 'condition' && others.every(run => run.phases.some(phase => phase.name === name)),
    )
    .map(({ name }) => name)
  const names = [...new Set(runs.flatMap(run => Object.keys(run.total.commands)))].filter(name =>
    name.startsWith('NOOP'),
  )
  return [
    ...phases.flatMap(phase => [
      ...names.flatMap(name => timesOf(phase, 'commands', name)),
      ...timesOf(phase, 'operations', 'create'),
      rateOf(phase),
    ]),
    ['time-outs', run => count(run.slaves.timeouts)],
    ['resyncs', run => count(run.slaves.resyncs)],
    ['frontends lost at one time', run => count(Math.max(0, run.slaves.count - run.slaves.leastStreaming))],
    ['one list keeps others waiting', run => ms(run.slaves.dumpHoldMs)],
    ['CPU of the master, cores', run => cores(run.master.cpu.meanCores)],
    ['pegged', run => ms(run.master.cpu.peggedMs)],
    ['memory of the master', run => bytes(run.master.rssPeakBytes)],
  ]
}

function timesOf(phase: string, group: 'commands' | 'operations', name: string): [string, FigureOf][] {
  return (['p50', 'p99', 'max'] as const).map(statistic => [
    `${phase}: ${name} ${{ p50: 'half within', p99: '99 % within', max: 'slowest' }[statistic]}`,
    run => {
      const metric: MetricSummary | undefined = run.phases.find(each => each.name === phase)?.[group][name]
      return time(metric?.responseTimeUs ?? metric?.serviceTimeUs, statistic)
    },
  ])
}

function rateOf(phase: string): [string, FigureOf] {
  return [
    `${phase}: creates a second`,
    run => {
      const rate = run.phases.find(({ name }) => name === phase)?.operations.create?.ratePerSecond
      return rate === undefined ? undefined : { value: rate, text: String(Number(rate.toPrecision(3))), isBound: false }
    },
  ]
}

function time(summary: TimeSummary | undefined, statistic: 'p50' | 'p99' | 'max'): Figure | undefined {
  if (summary === undefined) return undefined
  const isBound = summary.lowerBounds.includes(statistic)
  return { value: summary[statistic], text: boundedTime(summary, statistic), isBound }
}

function count(value: number): Figure {
  return { value, text: String(value), isBound: false }
}

function ms(value: number | null): Figure | undefined {
  return value === null ? undefined : { value, text: formatDurationUs(value * 1e3), isBound: false }
}

function cores(value: number | null): Figure | undefined {
  return value === null ? undefined : { value, text: value.toFixed(2), isBound: false }
}

function bytes(value: number | null): Figure | undefined {
  return value === null ? undefined : { value, text: formatBytes(value), isBound: false }
}
