import type { Clock } from '../core/clock.js'
import { packageVersion } from '../core/package-root.js'
import { traceThread } from '../engine/trace-thread.js'
import { TraceFile } from '../recording/trace-file.js'
import { TRACE_SCHEMA } from '../traces/trace-line.js'
import type { MasterChoice } from './choose-master.js'
import type { Progress } from './progress.js'

/** A trace of a run's own connections: of this thread's from now on, of the others' when they are told of it. */
export interface RunTrace {
  readonly path: string
  readonly startNs: number
  end(): Promise<void>
}

/** @throws {HarnessError} `USAGE` where the file is there, or cannot be made */
export function beginTrace(path: string, choice: MasterChoice, clock: Clock, progress: Progress): RunTrace {
  const startNs = clock.nowNs()
  const file = TraceFile.create(path, {
    schema: TRACE_SCHEMA,
    harnessVersion: packageVersion(),
    startedAt: new Date().toISOString(),
    madeBy: 'run',
    master: choice.kind === 'remote' ? `${choice.address.host}:${choice.address.port}` : choice.kind,
    refused: [],
    struck: false,
    records: 'counted',
  })
  file.onFailure = failure => progress.warn(`${failure.message}; the run goes on`)
  return { path, startNs, end: traceThread(file, startNs) }
}
