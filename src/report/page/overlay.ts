import { AT_LEAST } from './columns.js'
import type { ComparisonPageData, Series } from './page-data.js'

interface Cell {
  readonly value: number | null
  readonly atLeast: number | null
}

/**
 * One column of each run on one grid of seconds, so that they can be read at the same time; column `i` is of run i.
 *
 * @param worst which of several points that fall together stays: a dip is as telling as a peak
 */
export function overlaid({ runs }: ComparisonPageData, key: string, worst: 'least' | 'greatest' = 'greatest'): Series {
  const gridS = Math.max(...runs.map(({ data }) => data.binS))
  const cells = runs.map(({ data, originS }) => {
    const { times, columns } = data.series
    const byTime = new Map<number, Cell>()
    for (const [i, value] of (columns[key] ?? []).entries()) {
      const at = Math.round((times[i] - originS) / gridS)
      const before = byTime.get(at)?.value ?? null
      if (before !== null && (value === null || (worst === 'least' ? before <= value : before >= value))) continue
      byTime.set(at, { value, atLeast: columns[`${key}${AT_LEAST}`]?.[i] ?? null })
    }
    return byTime
  })
  const grid = [...new Set(cells.flatMap(cell => [...cell.keys()]))].sort((a, b) => a - b)
  // A second without a point of a run is no gap in its line (uPlot: undefined); one in which it measured nothing is.
  const columns = cells.flatMap((cell, i) => [
    [String(i), grid.map(at => cell.get(at)?.value as number | null)],
    [`${i}${AT_LEAST}`, grid.map(at => cell.get(at)?.atLeast ?? null)],
  ])
  return { times: grid.map(at => at * gridS), columns: Object.fromEntries(columns) }
}
