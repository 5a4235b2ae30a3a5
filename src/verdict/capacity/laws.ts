import type { CostLaw } from '../../metrics/capacity-result.js'
import { relativeLeastSquares } from '../../statistics/least-squares.js'

export interface Point {
  readonly x: number
  readonly y: number
}

/** Two points determine a line, and say nothing about whether it is one. */
const FEWEST_LOADS = 3
/** Of the law with more coefficients: it has to be better than by chance. */
const FEWEST_LOADS_USL = 5
/** By so much Akaike's criterion has to prefer it (Burnham and Anderson: below, both are as good). */
const CLEARLY = 2

/**
 * The law of a cost: a line, or, where that was asked for and fits clearly better, Gunther's universal scalability law as
 * it gives times: N clients of a system that does X(N) = γN ÷ (1 + α(N − 1) + βN(N − 1)) wait R(N) = N ÷ X(N).
 *
 * @param mayScale x counts clients, and y is a time
 */
export function lawOf(points: readonly Point[], mayScale: boolean): CostLaw | null {
  const used = points.filter(({ y }) => y > 0)
  const loads = new Set(used.map(({ x }) => x)).size
  const linear = loads < FEWEST_LOADS ? undefined : linearLaw(used)
  if (linear === undefined) return null
  const usl = mayScale && loads >= FEWEST_LOADS_USL ? uslLaw(used) : undefined
  return usl !== undefined && akaike(usl) < akaike(linear) - CLEARLY ? usl : linear
}

/** What a law gives for a load. */
export function costAt({ law, coefficients: { intercept, slope, alpha, beta, gamma } }: CostLaw, x: number): number {
  return law === 'linear' ? intercept! + slope! * x : (1 + alpha! * (x - 1) + beta! * x * (x - 1)) / gamma!
}

function linearLaw(points: readonly Point[]): CostLaw | undefined {
  const found = relativeLeastSquares(
    points.map(({ x }) => [1, x]),
    points.map(({ y }) => y),
  )
  if (found === undefined) return undefined
  return withResiduals('linear', { intercept: found[0]!, slope: found[1]! }, points)
}

function uslLaw(points: readonly Point[]): CostLaw | undefined {
  const found = relativeLeastSquares(
    points.map(({ x }) => [1, x - 1, x * (x - 1)]),
    points.map(({ y }) => y),
  )
  if (found === undefined) return undefined
  const [alone, contention, coherency] = found as [number, number, number]
  // Below 0 none of them has a meaning.
  if (alone <= 0 || contention < 0 || coherency <= 0) return undefined
  return withResiduals('usl', { alpha: contention / alone, beta: coherency / alone, gamma: 1 / alone }, points)
}

function withResiduals(law: CostLaw['law'], coefficients: Record<string, number>, points: readonly Point[]): CostLaw {
  const bare = { law, coefficients, residuals: [], worstResidual: 0 }
  const residuals = points.map(({ x, y }) => y / costAt(bare, x) - 1)
  return { ...bare, residuals, worstResidual: Math.max(...residuals.map(Math.abs)) }
}

/** Akaike's criterion, corrected for few points. */
function akaike({ residuals, coefficients }: CostLaw): number {
  const n = residuals.length
  const k = Object.keys(coefficients).length + 1
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0)
  return n * Math.log(Math.max(squares / n, Number.MIN_VALUE)) + 2 * k + (2 * k * (k + 1)) / Math.max(n - k - 1, 1e-9)
}
