import type { RunResult } from '../metrics/run-result.js'
import type { TrendMetric } from '../metrics/trend-result.js'
import { type ChangePointOptions, changePoints } from '../statistics/change-points.js'
import { worseBy } from './comparison.js'
import type { Measure } from './measures.js'

export interface HistoricRun {
  readonly folder: string
  readonly result: RunResult
}

/**
 * What became of a measure from run to run. Runs without it are left out of the search, not taken as 0.
 *
 * @param runs oldest first
 * @returns undefined where no run has it
 */
export function trendOf(
  measure: Measure,
  runs: readonly HistoricRun[],
  options: ChangePointOptions,
): TrendMetric | undefined {
  const readings = runs.map(({ result }) => measure.of(result))
  const known = runs.map((_, i) => i).filter(i => readings[i] !== undefined)
  if (known.length === 0) return undefined
  const series = known.map(i => readings[i]!.value)
  const { name, title, unit, better } = measure
  return {
    name,
    title,
    unit,
    better,
    values: readings.map(reading => reading?.value ?? null),
    changes: changePoints(series, options).map(({ index, meanBefore, meanAfter, p }) => ({
      index: known[index],
      run: runs[known[index]].folder,
      at: runs[known[index]].result.startedAt,
      before: meanBefore,
      after: meanAfter,
      worseBy: meanBefore === 0 || meanAfter === 0 ? null : worseBy(meanAfter / meanBefore, better),
      p,
      masterBefore: masterText(runs[known[index - 1]]),
      masterAfter: masterText(runs[known[index]]),
    })),
  }
}

export function masterText({ result: { master } }: HistoricRun): string {
  return `${master.version}, ${master.mailboxDatabase}`
}
