import type { Times } from '../metrics/doctor-result.js'
import { quantile } from '../statistics/quantile.js'

/** @param unanswered of those given, how many are lower bounds. @returns null where there is none */
export function timesOf(ns: readonly number[], unanswered = 0): Times | null {
  if (ns.length === 0) return null
  const sorted = ns.map(value => value / 1e3).toSorted((a, b) => a - b)
  const [p50, p99, max] = [0.5, 0.99, 1].map(share => quantile(sorted, share))
  return { count: sorted.length, p50, p99, max, unanswered }
}
