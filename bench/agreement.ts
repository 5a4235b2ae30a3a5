import type { RunResult } from '../src/metrics/run-result.js'
import { median } from './pairs.js'

/** What is compared of a run. Times in ms; null where the run has none. */
export interface Figures {
  readonly thrash: string
  readonly exhausted: boolean
  readonly onset: number | null
  readonly resyncs: number
  readonly timeouts: number
  /** The longest wait of a create, and of a frontend's NOOP. */
  readonly stall: number | null
  readonly noopP50: number | null
  readonly noopP99: number | null
  readonly list: number | null
}

type Measure = Exclude<keyof Figures, 'thrash' | 'exhausted'>

const MEASURES: Readonly<Record<Measure, string>> = {
  onset: 'onset',
  timeouts: 'time-outs',
  resyncs: 'resyncs',
  stall: 'longest create',
  noopP50: 'NOOP.slave p50',
  noopP99: 'NOOP.slave p99',
  list: 'a list',
}
/** How much of the median a simulation's own 90 % may take up on either side. */
const WIDEST = 0.25
/** What a harness in real time, its timers and its threads add: no more is claimed. */
const HARNESS_MS = 5
/** Dump times are what was calibrated: they have to be met. */
const LIST_WITHIN = 0.1

export function figuresOf({ phases, slaves, total }: RunResult, phase: string): Figures {
  const startMs = phases.find(({ name }) => name === phase)?.startMs ?? 0
  const create = total.operations.create?.responseTimeUs
  const noop = total.commands['NOOP.slave']?.responseTimeUs
  const { state, onsetMs } = slaves.thrash
  return {
    thrash: state,
    exhausted: slaves.conditions.some(({ name }) => name === 'workers-exhausted'),
    onset: onsetMs === null ? null : onsetMs - startMs,
    resyncs: slaves.resyncs,
    timeouts: slaves.timeouts,
    stall: create === undefined ? null : create.max / 1e3,
    noopP50: noop === undefined ? null : noop.p50 / 1e3,
    noopP99: noop === undefined ? null : noop.p99 / 1e3,
    list: slaves.dumpHoldMs,
  }
}

/** Whether runs of one scenario come to different verdicts. */
export function isSplit(all: readonly Figures[]): boolean {
  return new Set(all.map(run => verdictOf([run]).verdict)).size > 1
}

export interface Judged {
  readonly name: string
  readonly agrees: boolean
  readonly rows: readonly string[]
}

/**
 * Verdicts have to be the same, and lists as long; that is what `agrees` means. Whether the real median lies within what
 * the simulation says of itself is said for each figure.
 */
export function judge(
  name: string,
  real: readonly Figures[],
  model: readonly Figures[],
  simulated: readonly Figures[],
): Judged {
  const verdicts = [real, model, simulated].filter(all => all.length > 0).map(verdictOf)
  const same = verdicts.every(({ verdict }) => verdict === verdicts[0].verdict)
  const rows = [
    `| **${name}** | verdict | ${verdicts.map(({ text }) => text).join(' | ')} | | ${same ? 'same' : 'DIFFERS'} |`,
  ]
  for (const measure of Object.keys(MEASURES) as Measure[]) {
    const row = rowOf(measure, real, model, simulated)
    if (row !== undefined) rows.push(row)
  }
  return { name, agrees: same && !rows.some(row => row.includes('FAR OFF')), rows }
}

export function table(judged: readonly Judged[]): string {
  return [
    '| scenario | | real Cyrus | model, real time | simulation | its 90 % | |',
    '|---|---|---|---|---|---|---|',
    ...judged.flatMap(({ rows }) => rows),
    '',
    countText(judged.flatMap(({ rows }) => rows)),
  ].join('\n')
}

function countText(rows: readonly string[]): string {
  const of = (word: string) => rows.filter(row => row.includes(word)).length
  return [
    `Verdicts: ${of('| same |')} the same, ${of('DIFFERS')} not.`,
    `Lists: ${of('| within')} within 10 %, ${of('FAR OFF')} not.`,
    `Of the other figures ${of('| inside')} lie inside, ${of('OUTSIDE')} outside, ${of('too short')} are too short to tell.`,
  ].join(' ')
}

interface Verdict {
  readonly verdict: string
  /** With the numbers of runs that it is of. */
  readonly text: string
}

/**
 * Whether most of the runs thrash, and whether workers run out in most of them. How long a thrash lasts is chance.
 * A tie is a verdict of its own, which agrees with nothing but another one.
 */
function verdictOf(all: readonly Figures[]): Verdict {
  const thrashes = all.filter(({ thrash }) => thrash !== 'none').length
  const sustained = all.filter(({ thrash }) => thrash === 'sustained').length
  const exhausted = all.filter(run => run.exhausted).length
  const most = (count: number) => Math.sign(2 * count - all.length)
  const words = [
    thrashes === 0 ? `none (of ${all.length})` : `thrash ${thrashes} of ${all.length}`,
    ...(sustained > 0 ? [`to the end ${sustained}`] : []),
    ...(exhausted > 0 ? [`no worker left ${exhausted} of ${all.length}`] : []),
  ]
  return { verdict: `${most(thrashes)} ${most(exhausted)}`, text: words.join(', ') }
}

function rowOf(
  measure: Measure,
  real: readonly Figures[],
  model: readonly Figures[],
  simulated: readonly Figures[],
): string | undefined {
  const [ofReal, ofModel, ofSimulated] = [real, model, simulated].map(all =>
    all.map(figures => figures[measure]).filter(value => value !== null),
  )
  if (ofReal.length === 0 || ofSimulated.length === 0) return undefined
  const sorted = ofSimulated.toSorted((a, b) => a - b)
  const [low, high] = [0.05, 0.95].map(share => sorted[Math.round(share * (sorted.length - 1))])
  const middle = median(ofSimulated)
  const seen = median(ofReal)
  const text = (value: number) => (isCount(measure) ? String(value) : ms(value))
  const spread = `${text(median(ofReal))} (${text(Math.min(...ofReal))}–${text(Math.max(...ofReal))})`
  const modelled = ofModel.length === 0 ? '' : text(median(ofModel))
  return `| | ${MEASURES[measure]} | ${spread} | ${modelled} | ${text(middle)} | ${text(low)}–${text(high)} | ${remark(measure, seen, middle, low, high)} |`
}

function remark(measure: Measure, seen: number, middle: number, low: number, high: number): string {
  if (measure === 'list') {
    const off = middle === 0 ? 0 : Math.abs(seen / middle - 1)
    return `${off <= LIST_WITHIN ? 'within' : 'FAR OFF'}, ${Math.round(off * 100)} %`
  }
  if (!isCount(measure) && Math.max(seen, high) <= HARNESS_MS) return 'too short to tell'
  const wide = Math.max(high - middle, middle - low) > WIDEST * middle ? ', wide' : ''
  const slack = isCount(measure) ? 0 : HARNESS_MS
  return `${seen >= low - slack && seen <= high + slack ? 'inside' : 'OUTSIDE'}${wide}`
}

function isCount(measure: Measure): boolean {
  return measure === 'resyncs' || measure === 'timeouts'
}

function ms(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`
  if (value >= 1_000) return `${(value / 1000).toFixed(2)} s`
  return value >= 10 ? `${value.toFixed(0)} ms` : `${value.toFixed(2)} ms`
}
