import type { RunResult } from '../src/metrics/run-result.js'
import { median } from './pairs.js'
import { coin, fisher, type Share } from './proportions.js'

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
  return new Set(all.map(({ thrash, exhausted }) => `${thrash !== 'none'} ${exhausted}`)).size > 1
}

export interface Judged {
  readonly name: string
  readonly agrees: boolean
  readonly rows: readonly string[]
}

/** A scenario of which no run says anything. */
export function undecided(name: string, why: string): Judged {
  return { name, agrees: false, rows: [`| **${name}** | verdict | | | | | DIFFERS: ${why} |`] }
}

/**
 * Verdicts have to be the same, or not to differ by more than chance where real runs have none; and lists as long: that is
 * what `agrees` means. Whether the real median lies within what
 * the simulation says of itself is said for each figure.
 */
export function judge(
  name: string,
  real: readonly Figures[],
  model: readonly Figures[],
  simulated: readonly Figures[],
): Judged {
  const verdicts = [real, model, simulated].map(verdictOf)
  const [own, ...others] = verdicts
  const agreements = others.filter(({ thrash }) => thrash.of > 0).map(other => agreementOf(own, other))
  const same = agreements.every(one => one !== 'DIFFERS')
  const word = same && agreements.includes(AT_THE_EDGE) ? AT_THE_EDGE : same ? 'same' : 'DIFFERS'
  const rows = [`| **${name}** | verdict | ${verdicts.map(({ text }) => text).join(' | ')} | | ${word} |`]
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
    `Verdicts: ${of('| same |')} the same, ${of(AT_THE_EDGE)} at the edge, ${of('DIFFERS')} not.`,
    `Lists: ${of('| within')} within 10 %, ${of('FAR OFF')} not.`,
    `Of the other figures ${of('| inside')} lie inside, ${of('OUTSIDE')} outside, ${of('too short')} are too short to tell;`,
    `of those of the model in real time ${of('real time is not')} lie outside.`,
  ].join(' ')
}

interface Verdict {
  readonly thrash: Share
  readonly exhausted: Share
  /** With the numbers of runs that it is of. */
  readonly text: string
}

/** Whether runs thrash, and whether workers run out in them. How long a thrash lasts is chance. */
function verdictOf(all: readonly Figures[]): Verdict {
  const count = (is: (run: Figures) => boolean) => ({ count: all.filter(is).length, of: all.length })
  const thrash = count(run => run.thrash !== 'none')
  const exhausted = count(run => run.exhausted)
  const sustained = count(run => run.thrash === 'sustained').count
  const words = [
    thrash.count === 0 ? `none (of ${all.length})` : `thrash ${thrash.count} of ${all.length}`,
    ...(sustained > 0 ? [`to the end ${sustained}`] : []),
    ...(exhausted.count > 0 ? [`no worker left ${exhausted.count} of ${all.length}`] : []),
  ]
  return { thrash, exhausted, text: all.length === 0 ? '' : words.join(', ') }
}

const AT_THE_EDGE = 'at the edge'
const LEVEL = 0.05

/**
 * What most runs do has to be the same. Where the real ones are tossing a coin, so that they have no verdict, others must
 * not differ from them by more than chance. A tie is a verdict of its own.
 */
function agreementOf(real: Verdict, other: Verdict): 'same' | typeof AT_THE_EDGE | 'DIFFERS' {
  const all = (['thrash', 'exhausted'] as const).map(what => {
    const [seen, claimed] = [real[what], other[what]]
    if (seen.of >= LEAST_FOR_EDGE && coin(seen) > LEVEL) return fisher(seen, claimed) > LEVEL ? AT_THE_EDGE : 'DIFFERS'
    return most(seen) === most(claimed) ? 'same' : 'DIFFERS'
  })
  return all.includes('DIFFERS') ? 'DIFFERS' : all.includes(AT_THE_EDGE) ? AT_THE_EDGE : 'same'
}

/** Of fewer a coin may show any share: there most decide. */
const LEAST_FOR_EDGE = 15

function most({ count, of }: Share): number {
  return Math.sign(2 * count - of)
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
  const sides = [ofReal, ofSimulated, ...(model.length > 0 ? [ofModel] : [])]
  if (measure === 'list' && new Set(sides.map(side => side.length === 0)).size > 1)
    return `| | ${MEASURES[measure]} | | | | | FAR OFF: none on some side |`
  if (ofReal.length === 0 || ofSimulated.length === 0) return undefined
  const sorted = ofSimulated.toSorted((a, b) => a - b)
  const [low, high] = [0.05, 0.95].map(share => sorted[Math.round(share * (sorted.length - 1))])
  const middle = median(ofSimulated)
  const seen = median(ofReal)
  const text = (value: number) => (isCount(measure) ? String(value) : ms(value))
  const spread = `${text(median(ofReal))} (${text(Math.min(...ofReal))}–${text(Math.max(...ofReal))})`
  const modelled = ofModel.length === 0 ? undefined : median(ofModel)
  return `| | ${MEASURES[measure]} | ${spread} | ${modelled === undefined ? '' : text(modelled)} | ${text(middle)} | ${text(low)}–${text(high)} | ${remark(measure, { seen, modelled, middle, low, high })} |`
}

interface Compared {
  readonly seen: number
  /** Of the model in real time, where it ran. */
  readonly modelled: number | undefined
  readonly middle: number
  readonly low: number
  readonly high: number
}

function remark(measure: Measure, { seen, modelled, middle, low, high }: Compared): string {
  if (measure === 'list') {
    const off = middle === 0 ? 0 : Math.abs(seen / middle - 1)
    // Lists of some ms are as long as the timers that end them are exact.
    const isFar = modelled !== undefined && Math.abs(modelled - seen) > LIST_WITHIN * seen + HARNESS_MS
    const said = (word: string, by: number) => `${word}, ${Math.round(by * 100)} %`
    if (off > LIST_WITHIN) return said('FAR OFF', off)
    return isFar ? said('FAR OFF in real time', Math.abs(modelled / seen - 1)) : said('within', off)
  }
  if (!isCount(measure) && Math.max(seen, high) <= HARNESS_MS) return 'too short to tell'
  const wide = Math.max(high - middle, middle - low) > WIDEST * middle ? ', wide' : ''
  const slack = isCount(measure) ? 0 : HARNESS_MS
  const lies = (value: number, less: number) => value >= low - less && value <= high + less
  const word = lies(seen, 0) ? 'inside' : lies(seen, slack) ? `inside by ${HARNESS_MS} ms` : 'OUTSIDE'
  const beside = modelled === undefined || lies(modelled, slack) ? '' : '; the model in real time is not'
  return `${word}${wide}${beside}`
}

function isCount(measure: Measure): boolean {
  return measure === 'resyncs' || measure === 'timeouts'
}

function ms(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`
  if (value >= 1_000) return `${(value / 1000).toFixed(2)} s`
  return value >= 10 ? `${value.toFixed(0)} ms` : `${value.toFixed(2)} ms`
}
