import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { HarnessError } from '../core/errors.js'
import type { EventLine, SecondLine, SlaveLine } from '../metrics/second-line.js'
import type { Curve } from './page/page-data.js'
import { CurveBuilder } from './percentile-curves.js'

/** What a run's folder holds beside `run.json`; undefined what it does not have. */
export interface RunFiles {
  readonly seconds: readonly SecondLine[]
  readonly events: readonly EventLine[]
  readonly slaveMoves: readonly SlaveLine[] | undefined
  readonly curves: readonly Curve[]
  readonly profileYaml: string | undefined
}

/**
 * @param timedPhases whose histograms become percentile curves
 * @throws {HarnessError} `RESULTS` where a file is damaged
 */
export async function readRunFiles(directory: string, timedPhases: ReadonlySet<string>): Promise<RunFiles> {
  return {
    seconds: readLines<SecondLine>(join(directory, 'series.ndjson')) ?? [],
    events: readLines<EventLine>(join(directory, 'events.ndjson')) ?? [],
    slaveMoves: readLines<SlaveLine>(join(directory, 'slaves.ndjson')),
    curves: await readCurves(join(directory, 'intervals.hlog'), timedPhases),
    profileYaml: readIfThere(join(directory, 'profile.yaml')),
  }
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** The last line of a run that was cut off may be a part of one. */
function readLines<T>(path: string): T[] | undefined {
  const text = readIfThere(path)
  if (text === undefined) return undefined
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines.flatMap((line, i) => (line === '' ? [] : [parsed<T>(line, path, i)]))
}

function parsed<T>(line: string, path: string, index: number): T {
  try {
    return JSON.parse(line) as T
  } catch (error) {
    throw new HarnessError('RESULTS', `${path}:${index + 1}: ${(error as Error).message}`, 'the file is damaged')
  }
}

/** An hour's log is tens of megabytes: a line at a time. */
async function readCurves(path: string, timedPhases: ReadonlySet<string>): Promise<Curve[]> {
  if (!existsSync(path)) return []
  const builder = new CurveBuilder(timedPhases)
  try {
    for await (const line of createInterface({ input: createReadStream(path, 'latin1') })) builder.add(line)
    return builder.curves()
  } finally {
    builder.destroy()
  }
}
