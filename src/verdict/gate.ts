import type { RunResult } from '../metrics/run-result.js'
import { holm } from '../statistics/holm.js'
import { type Comparison, compareMeasure, LEVEL, worseBy } from './comparison.js'
import { type Allowance, type Damage, damagedOnlyIn, damageOf } from './damage.js'
import type { Measure } from './measures.js'

/** What is said of one measure. */
export type MeasureResult = 'regression' | 'improvement' | 'pass' | 'inconclusive'

export interface JudgedMeasure extends Comparison {
  readonly gating: boolean
  /** After Holm's correction over the measures that decide; null for the others. */
  readonly pAdjusted: number | null
  readonly result: MeasureResult
  readonly reason: string
}

export interface GateVerdict {
  readonly result: 'pass' | 'fail' | 'inconclusive'
  readonly reasons: readonly string[]
  readonly metrics: readonly JudgedMeasure[]
  readonly damage: { readonly a: readonly Damage[]; readonly b: readonly Damage[] }
}

export interface GateOptions {
  readonly measures: readonly Measure[]
  /** Of those, the names that decide. */
  readonly gating: ReadonlySet<string>
  readonly paired: boolean
  readonly allowance: Allowance
  /** Runs whose figures say nothing, and which may have broken something all the same. */
  readonly apart?: { readonly a: readonly RunResult[]; readonly b: readonly RunResult[] }
  /** Tries that came to no run, since the master did not start. */
  readonly failedStarts?: { readonly a: number; readonly b: number }
  /** What makes the two sides no pair to compare. */
  readonly doubts?: readonly string[]
  /** Not all that was asked for was measured: figures that look bad by then are no verdict, what is broken is. */
  readonly isPartial?: boolean
}

/**
 * Whether B is worse than A. A measure that decides is a regression where B is worse beyond chance, by Wilcoxon's test
 * after Holm's correction, and by its minimum effect; it passes where the whole interval of the ratio lies below that
 * effect; else nothing is said. What only B's runs broke is a regression whatever the figures say.
 */
export function judgeGate(a: readonly RunResult[], b: readonly RunResult[], options: GateOptions): GateVerdict {
  const { measures, gating, paired, allowance, apart = { a: [], b: [] }, failedStarts, doubts: given = [] } = options
  const compared = measures.flatMap(measure => {
    const comparison = compareMeasure(measure, a, b, { paired, family: gating.has(measure.name) ? gating.size : 1 })
    return comparison === undefined ? [] : [comparison]
  })
  const deciding = compared.filter(({ name }) => gating.has(name))
  // One that was not measured counts as one that found nothing.
  const pValues = [...deciding.map(({ p }) => p), ...Array<number>(gating.size - deciding.length).fill(1)]
  const corrected = holm(pValues)
  const adjusted = new Map(deciding.map(({ name }, i) => [name, corrected[i]]))
  const metrics = compared.map(comparison => judgeMeasure(comparison, adjusted.get(comparison.name)))
  const damage = { a: damageOf([...a, ...apart.a], allowance), b: damageOf([...b, ...apart.b], allowance) }
  const onlyInB = damagedOnlyIn(damage.b, damage.a)
  const missing = [...gating].filter(name => !compared.some(comparison => comparison.name === name))
  const of = (result: MeasureResult) => metrics.filter(metric => metric.gating && metric.result === result)
  const broken = [...onlyInB.map(({ text }) => `only in B: ${text}`), ...unstarted(failedStarts)]
  const worse = of('regression').map(({ reason }) => reason)
  const isComparable = given.length === 0 && options.isPartial !== true
  const failures = isComparable ? [...broken, ...worse] : broken
  if (failures.length > 0) return { result: 'fail', reasons: [...failures, ...given], metrics, damage }
  const doubts = [
    ...given,
    ...worse,
    ...(failedStarts !== undefined && failedStarts.b > failedStarts.a
      ? [`B did not start at the first try in ${failedStarts.b} of its runs, A in ${failedStarts.a}`]
      : []),
    ...(deciding.length === 0 ? ['nothing that decides was measured'] : []),
    ...missing.map(name => `${name}: not measured`),
    ...damage.a.map(({ text }) => `A is damaged: ${text}`),
    ...of('inconclusive').map(({ reason }) => reason),
  ]
  if (doubts.length > 0) return { result: 'inconclusive', reasons: doubts, metrics, damage }
  return {
    result: 'pass',
    reasons: metrics.filter(({ gating }) => gating).map(({ reason }) => reason),
    metrics,
    damage,
  }
}

/** One may have met a busy host. */
const MOST_FAILED_STARTS = 1

function unstarted(failed: GateOptions['failedStarts']): string[] {
  if (failed === undefined || failed.a > 0 || failed.b <= MOST_FAILED_STARTS) return []
  return [`only in B: the master did not start, ${failed.b} times`]
}

/** @param pAdjusted undefined for one that does not decide: it is judged by its own p */
function judgeMeasure(comparison: Comparison, pAdjusted: number | undefined): JudgedMeasure {
  const { result, reason } = judged(comparison, pAdjusted ?? comparison.p)
  return { ...comparison, gating: pAdjusted !== undefined, pAdjusted: pAdjusted ?? null, result, reason }
}

function judged(comparison: Comparison, p: number): { result: MeasureResult; reason: string } {
  const { title, ratio, ci, better, minimumEffect, a, b, missing, pBetter, smallestDetectable } = comparison
  if (ratio === null) return withoutRatio(comparison, p)
  const effect = worseBy(ratio, better)
  const [low, high] = ci === null ? [-Infinity, Infinity] : worseInterval(ci, better)
  const said = `${title}: ${change(effect)}${ci === null ? '' : ` (${change(low)} to ${change(high)})`}`
  const measured = measuredEffect(comparison)
  // Where A's times never ended they may be as great as B's.
  if (p <= LEVEL && effect >= minimumEffect && !a.bounded)
    return measured > 0
      ? { result: 'regression', reason: `${said}, p ${probability(p)}` }
      : {
          result: 'inconclusive',
          reason: `${said}; but ${change(measured)} as measured: the harness needed less CPU with B, and B may be why`,
        }
  const bound = percent(minimumEffect)
  if (missing > 0) return { result: 'inconclusive', reason: `${said}; missing in ${percent(missing)} of the runs` }
  if (b.bounded || (a.bounded && p <= LEVEL))
    return { result: 'inconclusive', reason: `${said}; some values are lower bounds` }
  if (high < minimumEffect && measured >= minimumEffect)
    return {
      result: 'inconclusive',
      reason: `${said}; but ${change(measured)} as measured: the harness needed more CPU with B too, and either may be why`,
    }
  if (high < minimumEffect) {
    const isBetter = pBetter <= LEVEL && effect <= -minimumEffect / (1 + minimumEffect)
    return { result: isBetter ? 'improvement' : 'pass', reason: `${said}, less than ${bound} worse` }
  }
  const found =
    smallestDetectable === null
      ? 'runs that differ so much find nothing'
      : `from ${percent(smallestDetectable)} on a regression would have been found`
  return { result: 'inconclusive', reason: `${said}, not surely less than ${bound} worse; ${found}` }
}

/** Without what was taken out for the machine: that B is not why the harness needs more was not shown, only not refuted. */
function measuredEffect({ measuredRatio, better }: Comparison): number {
  return measuredRatio === null ? 0 : worseBy(measuredRatio, better)
}

/** Counts that may be 0: the same on both sides, or told apart by their ranks and medians. */
function withoutRatio(comparison: Comparison, p: number): { result: MeasureResult; reason: string } {
  const { title, a, b, better, missing, minimumEffect } = comparison
  const said = `${title}: ${a.median} and ${b.median}`
  const isSame = [...a.values, ...b.values].every(value => value === a.values[0])
  const worse = better === 'less' ? b.median - a.median : a.median - b.median
  if (p <= LEVEL && worse > 0 && worse >= minimumEffect * Math.abs(a.median) && !a.bounded)
    return { result: 'regression', reason: `${said}, p ${probability(p)}` }
  return { result: isSame && missing === 0 ? 'pass' : 'inconclusive', reason: said }
}

/** The interval of a ratio, as shares by which B is worse. */
function worseInterval([low, high]: readonly [number, number], better: Measure['better']): [number, number] {
  return better === 'less' ? [low - 1, high - 1] : [1 / high - 1, 1 / low - 1]
}

function change(effect: number): string {
  const text = percent(Math.abs(effect))
  return effect >= 0 ? `${text} worse` : `${text} better`
}

export function percent(share: number): string {
  const value = share * 100
  return `${value >= 10 ? Math.round(value) : Number(value.toFixed(1))} %`
}

export function probability(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3)
}

/** @returns why so few runs can never find a regression, or never pass for want of an interval; undefined where they can */
export function tooFew(a: number, b: number, paired: boolean, family: number): string | undefined {
  const least = paired ? 2 ** -a : 1 / combinations(a + b, b)
  if (least * family <= LEVEL && least <= LEVEL / 2) return undefined
  const what = paired ? `${a} pairs` : `${a} and ${b} runs`
  if (least * family <= LEVEL) return `${what} are too few for a 95 % interval, without which nothing passes`
  const p = probability(least * family)
  return `${what} and ${family} deciding measures cannot reach significance: the least p they can have is ${p}`
}

function combinations(n: number, k: number): number {
  let count = 1
  for (let i = 1; i <= k; i++) count = (count * (n - k + i)) / i
  return count
}
