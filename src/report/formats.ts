import type { RunResult } from '../metrics/run-result.js'
import { csv } from './csv.js'
import { junit } from './junit.js'
import { markdown } from './markdown.js'
import { openMetrics } from './openmetrics.js'
import type { SeriesPoint } from './read-series.js'
import { summaryText } from './summary.js'

/** What a run's folder holds, as far as formats want it; the series may be asked for more than once. */
export interface Recorded {
  readonly run: RunResult
  readonly series: () => AsyncIterable<SeriesPoint>
}

/** Text in pieces, so that a day's series needs no memory. */
type Format = (recorded: Recorded) => Iterable<string> | AsyncIterable<string>

/** Of `report --format`. */
export const FORMATS = {
  text: ({ run }) => [summaryText(run), '\n'],
  json: ({ run }) => [JSON.stringify(run, null, 2), '\n'],
  markdown: ({ run }) => [markdown(run)],
  junit: ({ run }) => [junit(run)],
  csv: ({ run, series }) => csv(run, series),
  openmetrics: ({ run }) => [openMetrics(run)],
} as const satisfies Readonly<Record<string, Format>>

export type FormatName = keyof typeof FORMATS
