import { join } from 'node:path'
import { HarnessError } from '../core/errors.js'
import type { SecondLine } from '../metrics/second-line.js'
import { parsedLines } from './lines.js'

/** What runs of before it was written have as well. */
const FIRST_KEYS = ['atMs', 'phase', 'operations', 'commands', 'counters'] as const

/** A line of `series.ndjson`; an older one has not all that one of today has. */
export type SeriesPoint = Pick<SecondLine, (typeof FIRST_KEYS)[number]> & Partial<SecondLine>

/**
 * The seconds of a run, one at a time; a last line that was cut off is left out.
 *
 * @throws {HarnessError} `RESULTS` when there are none, or another line is damaged
 */
export function readSeries(directory: string): AsyncGenerator<SeriesPoint> {
  const path = join(directory, 'series.ndjson')
  return parsedLines(path, seriesPoint, number => {
    throw new HarnessError('RESULTS', `${path}:${number}: not a second of a run`, 'the file is damaged')
  })
}

/** Undefined for what is no second of a run. */
export function seriesPoint(value: unknown): SeriesPoint | undefined {
  const point = value as Partial<SecondLine> | null
  const whole = FIRST_KEYS.every(key => point?.[key] !== undefined && point[key] !== null)
  return whole ? (point as SeriesPoint) : undefined
}
