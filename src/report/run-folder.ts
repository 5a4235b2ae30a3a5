import { closeSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { HarnessError } from '../core/errors.js'
import { makeFolder } from '../core/make-folder.js'
import type { RunResult } from '../metrics/run-result.js'
import type { MetricDelta } from '../metrics/recorder.js'
import type { EventLine, SecondLine, SlaveLine } from '../metrics/second-line.js'
import { cannotWriteResults } from './cannot-write.js'

/** Where the run's names are noted on a master that outlives it. */
export const JOURNAL = 'journal.txt'
/** In which order its operations were drawn, where it can be gone on with. */
export const DRAWS = 'draws.txt'
/** Of a run with agents, until it is over: its own part. */
export const OWN_SPOOL = 'own.spool'
export const EVENTS = 'events.ndjson'

/**
 * A run's folder, written as the run goes: every line is with the kernel when the call returns, so that a killed
 * harness loses no more than the last second.
 */
export class RunFolder {
  private readonly events: number
  private readonly series: number
  private readonly slaves: number
  private readonly histograms: number

  /** @throws {HarnessError} `RESULTS` when it cannot be made */
  constructor(
    readonly path: string,
    startedAt: Date,
    profileYaml: string,
  ) {
    try {
      makeFolder(path)
      writeFileSync(join(path, 'profile.yaml'), profileYaml)
      this.events = openSync(join(path, EVENTS), 'a')
      this.series = openSync(join(path, 'series.ndjson'), 'a')
      this.slaves = openSync(join(path, 'slaves.ndjson'), 'a')
      this.histograms = openSync(join(path, 'intervals.hlog'), 'a')
    } catch (error) {
      throw cannotWriteResults(path, error)
    }
    writeSync(this.histograms, hlogHeader(startedAt))
  }

  /** Called once, when something could not be written any more: a full disk, no descriptors left. */
  onFailure: ((error: HarnessError) => void) | undefined
  failure: HarnessError | undefined

  addEvents(events: readonly EventLine[]): void {
    if (events.length === 0) return
    this.guard(() => writeSync(this.events, events.map(event => `${JSON.stringify(event)}\n`).join('')))
  }

  addSlaveMoves(moves: readonly SlaveLine[]): void {
    if (moves.length === 0) return
    this.guard(() => writeSync(this.slaves, moves.map(move => `${JSON.stringify(move)}\n`).join('')))
  }

  addSecond(second: SecondLine): void {
    this.guard(() => writeSync(this.series, `${JSON.stringify(second)}\n`))
  }

  /** @param phase of the delta, by name; @param startS seconds from the run's start */
  addDelta(phase: string, delta: MetricDelta, startS: number, lengthS: number): void {
    const { name, response, service, responseMaxNs = 0, serviceMaxNs = 0 } = delta
    const lines = [
      ...(response === undefined
        ? []
        : [hlogLine(`${phase}/${name}/response`, startS, lengthS, responseMaxNs, response)]),
      ...(service === undefined ? [] : [hlogLine(`${phase}/${name}/service`, startS, lengthS, serviceMaxNs, service)]),
    ]
    if (lines.length > 0) this.guard(() => writeSync(this.histograms, lines.join('')))
  }

  /** Replaces it at once, so that a reader never sees half of it. */
  writeRun(result: RunResult): void {
    const path = join(this.path, 'run.json')
    this.guard(() => {
      writeFileSync(`${path}.part`, `${JSON.stringify(result, null, 2)}\n`)
      renameSync(`${path}.part`, path)
    })
  }

  private guard(write: () => void): void {
    try {
      write()
    } catch (error) {
      if (this.failure !== undefined) return
      this.failure = cannotWriteResults(this.path, error, 'make room, or choose another folder with --out')
      this.onFailure?.(this.failure)
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }

  close(): void {
    for (const fd of [this.events, this.series, this.slaves, this.histograms]) closeSync(fd)
  }
}

/** Values are ns; the Interval_Max column is in ms, HdrHistogram's usual ratio. */
const HLOG_UNIT_RATIO = 1e6

function hlogLine(tag: string, startS: number, lengthS: number, maxNs: number, encoded: string): string {
  return `Tag=${tag},${startS.toFixed(3)},${lengthS.toFixed(3)},${(maxNs / HLOG_UNIT_RATIO).toFixed(3)},${encoded}\n`
}

function hlogHeader(startedAt: Date): string {
  const seconds = (startedAt.getTime() / 1000).toFixed(3)
  return [
    '#[mupdate-bench: values are nanoseconds; Interval_Max is in milliseconds (ratio 1000000)]',
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${seconds} (seconds since epoch), ${startedAt.toISOString()}]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    '',
  ].join('\n')
}
