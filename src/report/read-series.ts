import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { HarnessError, messageOf } from '../core/errors.js'
import type { SecondLine } from '../metrics/second-line.js'

/** What runs of before it was written have as well. */
const FIRST_KEYS = ['atMs', 'phase', 'operations', 'commands', 'counters'] as const

/** A line of `series.ndjson`; an older one has not all that one of today has. */
export type SeriesPoint = Pick<SecondLine, (typeof FIRST_KEYS)[number]> & Partial<SecondLine>

/**
 * The seconds of a run, one at a time: a day of them is some hundred megabytes. A last line that was cut off, by a
 * crash or because it is being written, is left out.
 *
 * @throws {HarnessError} `RESULTS` when there are none, or another line is damaged
 */
export async function* readSeries(directory: string): AsyncGenerator<SeriesPoint> {
  const path = join(directory, 'series.ndjson')
  let damaged: HarnessError | undefined
  let number = 0
  for await (const line of linesOf(path)) {
    if (damaged !== undefined) throw damaged
    number++
    const point = parsePoint(line)
    if (point !== undefined) yield point
    else damaged = new HarnessError('RESULTS', `${path}:${number}: not a second of a run`, 'the file is damaged')
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })
  } catch (error) {
    throw new HarnessError('RESULTS', `cannot read ${path}: ${messageOf(error)}`, 'give the folder of a run')
  }
}

function parsePoint(line: string): SeriesPoint | undefined {
  try {
    const point = JSON.parse(line) as Partial<SecondLine> | null
    const whole = FIRST_KEYS.every(key => point?.[key] !== undefined && point[key] !== null)
    return whole ? (point as SeriesPoint) : undefined
  } catch {
    return undefined
  }
}
