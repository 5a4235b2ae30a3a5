import { mean } from './moments.js'
import { studentTest } from './student.js'

/** Where a series becomes another one. */
export interface ChangePoint {
  /** Of the first value that belongs to what comes after. */
  readonly index: number
  readonly meanBefore: number
  readonly meanAfter: number
  /** Of Student's test of the values since the change before against those up to the next. */
  readonly p: number
}

export interface ChangePointOptions {
  /** Values that are looked at together; windows overlap by half. At least 4. */
  readonly window: number
  /** A change point is at least so unlikely to be chance. */
  readonly maxP: number
  /** And at least so great: |after / before - 1|, or the same the other way round. */
  readonly minMagnitude: number
}

/**
 * Change points by E-divisive (Matteson and James 2014) with Student's test in place of the permutations, over windows,
 * first with a weaker bound, then without those that do not hold by the stronger one: "Hunter: Using Change Point
 * Detection to Hunt for Performance Regressions" (Fleming et al. 2023), which Apache Otava implements.
 */
export function changePoints(series: readonly number[], options: ChangePointOptions): ChangePoint[] {
  const found = new Set<number>()
  const weakP = options.maxP < 0.05 ? options.maxP * 10 : Math.max(options.maxP, Math.min(0.5, 2 * options.maxP))
  for (let start = 0; start < series.length; ) {
    const inWindow = divide(series.slice(start, start + options.window), weakP)
    for (const index of inWindow) found.add(start + index)
    start = Math.max(start + (inWindow.at(-1) ?? 0), start + Math.floor(options.window / 2))
  }
  return strong(
    series,
    [...found].sort((a, b) => a - b),
    options,
  )
}

/** The most telling split of all segments, again and again, while the test says that it is one. */
function divide(series: readonly number[], maxP: number): number[] {
  const indexes: number[] = []
  for (;;) {
    const [best] = segments(series.length, indexes)
      .map(([from, to]) => ({ from, to, ...bestSplit(series, from, to) }))
      .sort((a, b) => b.divergence - a.divergence)
    if (best === undefined || best.divergence <= 0) return indexes
    const { index, from, to } = best
    if (studentTest(series.slice(from, index), series.slice(index, to)).p > maxP) return indexes
    indexes.push(index)
    indexes.sort((a, b) => a - b)
  }
}

function segments(length: number, indexes: readonly number[]): [number, number][] {
  const bounds = [0, ...indexes, length]
  return bounds.slice(1).map((to, i) => [bounds[i], to])
}

/**
 * The split of a segment whose sides differ most by the energy distance (Matteson and James, equation 6, α = 1); the
 * second side may end before the segment does, so that what comes after a short change does not hide it.
 */
function bestSplit(series: readonly number[], from: number, to: number): { index: number; divergence: number } {
  let best = { index: from, divergence: Number.NEGATIVE_INFINITY }
  for (let index = from + 1; index < to; index++) {
    const left = index - from
    const within = distances(series, from, index)
    let across = 0
    let beyond = 0
    for (let end = index + 1; end <= to; end++) {
      const last = series[end - 1]
      for (let i = from; i < index; i++) across += Math.abs(series[i] - last)
      for (let i = index; i < end - 1; i++) beyond += Math.abs(series[i] - last)
      const right = end - index
      const divergence =
        (2 * across) / (left + right) -
        share(2 * right * within, (left + right) * (left - 1)) -
        share(2 * left * beyond, (left + right) * (right - 1))
      if (divergence > best.divergence) best = { index, divergence }
    }
  }
  return best
}

function share(amount: number, of: number): number {
  return of === 0 ? 0 : amount / of
}

/** Of all pairs. */
function distances(series: readonly number[], from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) for (let j = i + 1; j < to; j++) sum += Math.abs(series[i] - series[j])
  return sum
}

/** Takes away the weakest until all that are left hold. */
function strong(series: readonly number[], weak: readonly number[], options: ChangePointOptions): ChangePoint[] {
  const indexes = [...weak]
  for (;;) {
    const points = described(series, indexes)
    const [leastSure] = points.filter(({ p }) => p >= options.maxP).sort((x, y) => y.p - x.p)
    const [smallest] = points
      .filter(point => magnitude(point) < options.minMagnitude)
      .sort((x, y) => magnitude(x) - magnitude(y))
    const weakest = leastSure ?? smallest
    if (weakest === undefined) return points
    indexes.splice(indexes.indexOf(weakest.index), 1)
  }
}

function described(series: readonly number[], indexes: readonly number[]): ChangePoint[] {
  return indexes.map((index, i) => {
    const before = series.slice(indexes[i - 1] ?? 0, index)
    const after = series.slice(index, indexes[i + 1] ?? series.length)
    return { index, meanBefore: mean(before), meanAfter: mean(after), p: studentTest(before, after).p }
  })
}

/** How great a change is, whichever way round it is looked at. */
function magnitude({ meanBefore, meanAfter }: ChangePoint): number {
  return Math.max(Math.abs(meanAfter / meanBefore - 1), Math.abs(meanBefore / meanAfter - 1))
}
