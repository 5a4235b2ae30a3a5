import { entityRandom, type Random } from '../core/random.js'
import type { RunResult } from '../metrics/run-result.js'
import { bootstrap } from '../statistics/bootstrap.js'
import { chosenTest } from '../statistics/chosen-test.js'
import { median, medianInterval } from '../statistics/quantile.js'
import { rankSum, rankSumTest, unpairedEstimate, unpairedShift } from '../statistics/rank-sum.js'
import { pairedEstimate, pairedShift, signedRank, signedRankTest } from '../statistics/signed-rank.js'
import type { Measure, Reading } from './measures.js'

/** How sure a verdict is, and how much an interval covers. */
export const LEVEL = 0.05
const CONFIDENCE = 1 - LEVEL

/** The values of one side, in the order of the runs. */
export interface Side {
  readonly median: number
  /** Ends of the median's 95 % interval; the extremes below 6 values. */
  readonly low: number
  readonly high: number
  readonly values: readonly number[]
  /** Some of them are lower bounds. */
  readonly bounded: boolean
}

/** What two sides' runs say of one measure. */
export interface Comparison {
  readonly name: string
  readonly title: string
  readonly unit: Measure['unit']
  readonly better: Measure['better']
  readonly minimumEffect: number
  readonly a: Side
  readonly b: Side
  /** Whether each value of B belongs to that of A in the same place. */
  readonly paired: boolean
  /** B ÷ A; null where a value is 0, which has no ratio. */
  readonly ratio: number | null
  /** The same with nothing taken out for the machine. */
  readonly measuredRatio: number | null
  /** Its 95 % interval; null as the ratio is, or where there are too few runs for one. */
  readonly ci: readonly [number, number] | null
  /** One-sided: how likely it is that B looks so much worse by chance. */
  readonly p: number
  /** The same for better. */
  readonly pBetter: number
  /** -1 to 1, above 0 where B is greater: matched-pairs rank-biserial correlation, or Cliff's delta. */
  readonly effect: number
  /** Share of runs or pairs that have no such figure. */
  readonly missing: number
  /** What the harness's own CPU had to say; null where none is known, or it says nothing of this measure. */
  readonly harness: HarnessShare | null
  /** Least share by which B can be worse so that 8 of 10 such comparisons would call it a regression; null without a ratio. */
  readonly smallestDetectable: number | null
}

/** The harness has the same work on both sides: what it needed for it tells how the machine was, and is taken out. */
export interface HarnessShare {
  /** Per cent of the measure for each of the harness's CPU. */
  readonly share: number
  /** Its CPU for the same work, B ÷ A: the median over pairs. */
  readonly ratio: number
  /** Two-sided: how likely it is that it differs so much by chance. Where that is rare, B may be the reason, and nothing is taken out. */
  readonly p: number
  /** Taken out: B is not the reason, and pairs differ less without it. */
  readonly used: boolean
}

/** With fewer pairs no difference of the harness's CPU is beyond chance. */
const LEAST_TOLD = 6

export interface CompareOptions {
  readonly paired: boolean
  /** How many decide, where this is one of them, else 1: the smallest detectable effect is that after Holm's correction. */
  readonly family: number
}

/** @returns undefined where one of the sides has no such figure at all */
export function compareMeasure(
  measure: Measure,
  a: readonly RunResult[],
  b: readonly RunResult[],
  { paired, family }: CompareOptions,
): Comparison | undefined {
  const read = paired
    ? pairsOf(a.map(measure.of), b.map(measure.of))
    : { a: known(a.map(measure.of)), b: known(b.map(measure.of)) }
  if (read.a.length === 0 || read.b.length === 0) return undefined
  const [valuesA, valuesB] = [read.a, read.b].map(readings => readings.map(({ value }) => value))
  const hasRatio = [...valuesA, ...valuesB].every(value => value > 0)
  const harness = paired && hasRatio ? harnessShare(measure, read.a, read.b) : null
  const [scaledA, scaledB] = [read.a, read.b].map(readings => scaled(readings, hasRatio, measure, harness))
  const sign = measure.better === 'less' ? 1 : -1
  const test = paired
    ? pairedTest(measure, read.a, read.b, harness, minus(scaledB, scaledA))
    : rankSum(scaledA, scaledB)
  const shift = paired ? pairedShift(minus(scaledB, scaledA), CONFIDENCE) : unpairedShift(scaledA, scaledB, CONFIDENCE)
  const unscaled = (readings: readonly Reading[]) => scaled(readings, hasRatio, measure, null)
  const measured = harness?.used === true ? pairedEstimate(minus(unscaled(read.b), unscaled(read.a))) : shift.estimate
  const { name, title, unit, better, minimumEffect } = measure
  return {
    name,
    title,
    unit,
    better,
    minimumEffect,
    a: sideOf(read.a),
    b: sideOf(read.b),
    paired,
    ratio: hasRatio ? Math.exp(shift.estimate) : null,
    measuredRatio: hasRatio ? Math.exp(measured) : null,
    ci: hasRatio && Number.isFinite(shift.low) ? [Math.exp(shift.low), Math.exp(shift.high)] : null,
    p: sign > 0 ? test.pGreater : test.pLess,
    pBetter: sign > 0 ? test.pLess : test.pGreater,
    effect: test.effect,
    missing: 1 - (read.a.length + read.b.length) / (a.length + b.length),
    harness,
    smallestDetectable: hasRatio
      ? smallestDetectable(times(sign, scaledA), times(sign, scaledB), {
          paired,
          level: LEVEL / family,
          minimumEffect,
        })
      : null,
  }
}

/** @returns logarithms where there are ratios, less what the machine added */
function scaled(
  readings: readonly Reading[],
  hasRatio: boolean,
  { better }: Measure,
  harness: HarnessShare | null,
): number[] {
  if (!hasRatio) return readings.map(({ value }) => value)
  const slope = harness?.used === true ? slopeOf(harness.share, better) : 0
  return readings.map(({ value, harness: own }) => Math.log(value) - (slope === 0 ? 0 : slope * Math.log(own!)))
}

/** What needs more CPU makes a rate less. */
function slopeOf(share: number, better: Measure['better']): number {
  return better === 'less' ? share : -share
}

function harnessShare(
  { sharedWithHarness: share, better }: Measure,
  a: readonly Reading[],
  b: readonly Reading[],
): HarnessShare | null {
  if (share === undefined || ![...a, ...b].every(({ harness }) => harness !== undefined)) return null
  const { own, values, less } = waysToJudge(a, b, slopeOf(share, better))
  const { pTwoSided: p } = signedRank(own)
  return {
    share,
    ratio: Math.exp(pairedEstimate(own)),
    p,
    used: own.length >= LEAST_TOLD && p > LEVEL && less !== values,
  }
}

/** Logarithms of B over A: the harness's CPU, the measure, and that less the harness's part, where pairs are nearer to 0 so. */
function waysToJudge(a: readonly Reading[], b: readonly Reading[], slope: number) {
  const own = b.map(({ harness }, i) => Math.log(harness! / a[i].harness!))
  const values = b.map(({ value }, i) => Math.log(value / a[i].value))
  const less = values.map((value, i) => value - slope * own[i])
  // By how far they are, not in which direction, so that tests of those stay exact.
  return { own, values, less: sumOfSquares(less) < sumOfSquares(values) ? less : values }
}

/** Which way pairs are judged depends on the harness's CPU: p is that of doing so. */
function pairedTest(
  { better }: Measure,
  a: readonly Reading[],
  b: readonly Reading[],
  harness: HarnessShare | null,
  differences: readonly number[],
): { readonly pGreater: number; readonly pLess: number; readonly effect: number } {
  const plain = signedRank(differences)
  if (harness === null || differences.length < LEAST_TOLD) return plain
  const { own, values, less } = waysToJudge(a, b, slopeOf(harness.share, better))
  return { ...chosenTest(own, values, less, LEVEL, entityRandom(1, 'ways', 0)), effect: plain.effect }
}

function sumOfSquares(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0)
}

function known(readings: readonly (Reading | undefined)[]): Reading[] {
  return readings.filter(reading => reading !== undefined)
}

function pairsOf(a: readonly (Reading | undefined)[], b: readonly (Reading | undefined)[]) {
  const whole = a.map((_, i) => i).filter(i => a[i] !== undefined && b[i] !== undefined)
  return { a: known(whole.map(i => a[i])), b: known(whole.map(i => b[i])) }
}

function minus(b: readonly number[], a: readonly number[]): number[] {
  return b.map((value, i) => value - a[i])
}

function times(factor: number, values: readonly number[]): number[] {
  return values.map(value => factor * value)
}

function sideOf(readings: readonly Reading[]): Side {
  const values = readings.map(({ value }) => value)
  const sorted = Float64Array.from(values).sort()
  return {
    median: median(sorted),
    ...medianInterval(sorted),
    values,
    bounded: readings.some(({ isLowerBound }) => isLowerBound),
  }
}

/** How much worse B is, as a share; 0.05 for 5 %. Above 0 is worse, whichever way the measure goes. */
export function worseBy(ratio: number, better: Measure['better']): number {
  return better === 'less' ? ratio - 1 : 1 / ratio - 1
}

const POWER = 0.8
const RESAMPLES = 400
const STEPS = 12
/** Above this, nothing is looked for any more: three times as bad. */
const MOST = Math.log(3)

interface Noise {
  readonly paired: boolean
  readonly level: number
  readonly minimumEffect: number
}

/**
 * By resampling what is left of the values when their middle is taken out, and shifting that. It is found by halving: the
 * greater the shift, the oftener it is seen.
 */
function smallestDetectable(a: readonly number[], b: readonly number[], noise: Noise): number | null {
  const power = noise.paired ? pairedPower(minus(b, a), noise) : unpairedPower(a, b, noise)
  let [low, high] = [0, MOST]
  if (power(high) < POWER) return null
  for (let i = 0; i < STEPS; i++) {
    const middle = (low + high) / 2
    if (power(middle) >= POWER) high = middle
    else low = middle
  }
  return Math.exp(high) - 1
}

/** @returns how often a shift would be called a regression */
function pairedPower(differences: readonly number[], { level, minimumEffect }: Noise): (shift: number) => number {
  const isRare = signedRankTest(differences.length, level)
  const least = Math.log(1 + minimumEffect)
  const noise = centred(differences)
  return shift =>
    share(random =>
      bootstrap(
        noise,
        sample => {
          const shifted = sample.map(value => value + shift)
          return Number(isRare(shifted) && pairedEstimate(shifted) >= least)
        },
        RESAMPLES,
        random,
      ),
    )
}

function unpairedPower(a: readonly number[], b: readonly number[], noise: Noise): (shift: number) => number {
  const isRare = rankSumTest(a.length, b.length, noise.level)
  const least = Math.log(1 + noise.minimumEffect)
  const [noiseA, noiseB] = [centred(a), centred(b)]
  const draw = (values: readonly number[], random: Random) =>
    values.map(() => values[Math.floor(random() * values.length)])
  return shift =>
    share(random =>
      Float64Array.from({ length: RESAMPLES }, () => {
        const [drawnA, drawnB] = [draw(noiseA, random), draw(noiseB, random).map(value => value + shift)]
        return Number(isRare(drawnA, drawnB) && unpairedEstimate(drawnA, drawnB) >= least)
      }),
    )
}

/** The same draws for each shift, so that a greater one is never seen less often. */
function share(outcomes: (random: Random) => Float64Array): number {
  return outcomes(entityRandom(1, 'power', 0)).reduce((sum, seen) => sum + seen, 0) / RESAMPLES
}

/** Few values lie closer to their own middle than to the true one: as much wider. */
function centred(values: readonly number[]): number[] {
  const middle = median(values)
  const wider = Math.sqrt(values.length / Math.max(1, values.length - 1))
  return values.map(value => wider * (value - middle))
}
