import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventLine, SecondLine, SlaveLine } from '../metrics/second-line.js'
import { linesOf, parsedLines } from './lines.js'
import { type Row, rowOf } from './page/columns.js'
import { isMarked } from './page/marked.js'
import type { Curve } from './page/page-data.js'
import { CurveBuilder } from './percentile-curves.js'
import { seriesPoint } from './read-series.js'

/** What a run's folder holds beside `run.json`; undefined what it does not have. */
export interface RunFiles {
  readonly seconds: readonly DrawnSecond[]
  /** Those that are marked in charts: the rest is the master's log, of which there can be millions of lines. */
  readonly events: readonly EventLine[]
  readonly slaveMoves: readonly SlaveLine[] | undefined
  readonly curves: readonly Curve[]
  readonly profileYaml: string | undefined
  /** Lines that could not be read and were passed over, by file. */
  readonly damagedLines: Readonly<Record<string, number>>
}

/** What is drawn of a second: a tenth of its line, so that all of a long run's can be held. */
export interface DrawnSecond {
  readonly atMs: number
  readonly row: Row
  readonly peggedSpansMs: readonly (readonly [number, number])[]
}

/**
 * @param timedPhases whose histograms become percentile curves
 * @throws {HarnessError} `RESULTS` where a file cannot be read; a damaged line is only counted
 */
export async function readRunFiles(directory: string, timedPhases: ReadonlySet<string>): Promise<RunFiles> {
  const damagedLines: Record<string, number> = {}
  const read = async <T>(name: string, parse: (value: unknown) => T | undefined, isWanted?: (line: T) => boolean) => {
    const path = join(directory, name)
    if (!existsSync(path)) return undefined
    const all: T[] = []
    const lines = parsedLines(path, parse, () => {
      damagedLines[name] = (damagedLines[name] ?? 0) + 1
    })
    for await (const line of lines) if (isWanted?.(line) !== false) all.push(line)
    return all
  }
  return {
    seconds: (await read('series.ndjson', value => drawnSecond(seriesPoint(value) as SecondLine | undefined))) ?? [],
    events: (await read('events.ndjson', eventLine, ({ kind }) => isMarked(kind))) ?? [],
    slaveMoves: await read('slaves.ndjson', slaveLine),
    curves: await readCurves(join(directory, 'intervals.hlog'), timedPhases),
    profileYaml: readIfThere(join(directory, 'profile.yaml')),
    damagedLines,
  }
}

export function drawnSecond(line: SecondLine): DrawnSecond
export function drawnSecond(line: SecondLine | undefined): DrawnSecond | undefined
export function drawnSecond(line: SecondLine | undefined): DrawnSecond | undefined {
  if (line === undefined) return undefined
  return { atMs: line.atMs, row: rowOf(line), peggedSpansMs: line.master?.peggedSpansMs ?? [] }
}

function eventLine(value: unknown): EventLine | undefined {
  const { atMs, kind, detail } = value as Partial<EventLine>
  const isWhole = (atMs === null || typeof atMs === 'number') && typeof kind === 'string' && typeof detail === 'string'
  return isWhole ? (value as EventLine) : undefined
}

function slaveLine(value: unknown): SlaveLine | undefined {
  const { atMs, slave, kind } = value as Partial<SlaveLine>
  const isWhole = typeof atMs === 'number' && typeof slave === 'number' && typeof kind === 'string'
  return isWhole ? (value as SlaveLine) : undefined
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** An hour's log is tens of megabytes: a line at a time. */
async function readCurves(path: string, timedPhases: ReadonlySet<string>): Promise<Curve[]> {
  if (!existsSync(path)) return []
  const builder = new CurveBuilder(timedPhases)
  try {
    for await (const line of linesOf(path)) builder.add(line)
    return builder.curves()
  } finally {
    builder.destroy()
  }
}
