import { mean, squares } from './moments.js'

/** Two samples, and how likely it is that they differ so much by chance. */
export interface StudentTest {
  readonly t: number
  readonly degreesOfFreedom: number
  /** Two-sided. */
  readonly p: number
}

/** Student's t-test of two samples with one variance (1908). Fewer than three values in all tell nothing: p is 1. */
export function studentTest(a: readonly number[], b: readonly number[]): StudentTest {
  const degreesOfFreedom = a.length + b.length - 2
  if (degreesOfFreedom < 1 || a.length === 0 || b.length === 0) return { t: 0, degreesOfFreedom: 0, p: 1 }
  const [meanA, meanB] = [mean(a), mean(b)]
  const variance = (squares(a) + squares(b)) / degreesOfFreedom
  const difference = meanB - meanA
  if (difference === 0) return { t: 0, degreesOfFreedom, p: 1 }
  const t = difference / Math.sqrt(variance * (1 / a.length + 1 / b.length))
  return { t, degreesOfFreedom, p: studentTail(t, degreesOfFreedom) }
}

/**
 * Probability of |t| or more under Student's distribution with a whole number of degrees of freedom: the finite series
 * of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
 */
export function studentTail(t: number, degreesOfFreedom: number): number {
  const angle = Math.atan(Math.abs(t) / Math.sqrt(degreesOfFreedom))
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)]
  const isOdd = degreesOfFreedom % 2 === 1
  let term = isOdd ? cosine : 1
  let sum = degreesOfFreedom > 1 ? term : 0
  for (let k = isOdd ? 3 : 2; k < degreesOfFreedom; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k
    sum += term
  }
  const within = isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum
  return Math.max(0, 1 - within)
}
