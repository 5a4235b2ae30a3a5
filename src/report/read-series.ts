import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { HarnessError, messageOf } from '../core/errors.js'
import type { Counters } from '../metrics/interval.js'
import type { MetricSummary } from '../metrics/run-result.js'
import type { ProcessSpanSummary } from '../samplers/process-cpu.js'

/** A line of `series.ndjson`: about one second. A type, not an interface: it is written as any JSON is. */
export type SeriesPoint = {
  /** The second's end, from the run's start. */
  readonly atMs: number
  /** That in which the second ended. */
  readonly phase: string
  readonly operations: Readonly<Record<string, MetricSummary>>
  readonly commands: Readonly<Record<string, MetricSummary>>
  /** Null where nobody watches: a model, a remote master, a simulation. */
  readonly master: ProcessSpanSummary | null
  readonly harness: { readonly cpuCores: number; readonly stealShare: number | null } | null
  readonly counters: Counters
}

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
    const point = JSON.parse(line) as Partial<SeriesPoint> | null
    const { atMs, phase, operations, commands } = point ?? {}
    const whole = typeof atMs === 'number' && typeof phase === 'string' && operations && commands
    return whole ? (point as SeriesPoint) : undefined
  } catch {
    return undefined
  }
}
