import { createReadStream, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { HarnessError } from '../core/errors.js'
import { formatCount } from '../core/units.js'
import { Expectation } from '../traces/expectation.js'
import { TelemetryReader } from '../traces/telemetry.js'
import type { ConnectionTrace } from '../traces/trace.js'
import { TraceBuilder } from '../traces/trace-builder.js'
import { isTrace, TraceReader } from '../traces/trace-reader.js'
import { statOf, unreadable } from '../core/given-files.js'
import type { Progress } from './progress.js'
import { unpacked } from '../core/unpacked.js'

/** imap/telemetry.c with usetimestamp; Cyrus 2.3 leaves the service's name out. */
const LOG_NAME = /^(?:mupdate-)?(\d{10}\.\d{1,6})(?:\.gz)?$/

export interface GivenTraces {
  readonly traces: readonly ConnectionTrace[]
  readonly expectation: Expectation
}

/** @throws {HarnessError} `USAGE`, `RESULTS` for what is neither a telemetry log nor a trace, or has nothing to replay */
export async function readTraces(paths: readonly string[], progress: Progress): Promise<GivenTraces> {
  const expectation = new Expectation()
  const traces: ConnectionTrace[] = []
  for (const path of paths.flatMap(logsOf)) {
    progress.note(`reading ${path}: ${formatCount(traces.length)} connections before it`)
    // A call takes no more than some 100,000 arguments.
    for (const trace of await readTrace(path, expectation)) if (hasTime(trace)) traces.push(trace)
  }
  progress.clear()
  if (traces.some(({ steps }) => steps.length > 0)) return { traces, expectation }
  throw new HarnessError('RESULTS', 'there is no command in these logs', 'give those of a connection that sent some')
}

/** One on which nothing was said, and whose log is not named after its time, would be from 1970. */
function hasTime({ startS, steps }: ConnectionTrace): boolean {
  return steps.length > 0 || startS > 0
}

/** Of a folder, those of mupdate: logs of a user’s other services may lie there too. */
function logsOf(path: string): string[] {
  if (!statOf(path).isDirectory()) return [path]
  const logs = readdirSync(path)
    .filter(name => LOG_NAME.test(name))
    .sort()
  if (logs.length > 0) return logs.map(name => join(path, name))
  throw new HarnessError(
    'USAGE',
    `${path}: no log of mupdate’s in it, such as mupdate-1700000000.123456`,
    'give <configdirectory>/log/<user>, or the files themselves',
  )
}

async function readTrace(path: string, expectation: Expectation): Promise<ConnectionTrace[]> {
  let source: Source | undefined
  try {
    const bytes = unpacked(createReadStream(path), path, unpack => `${unpack} > log, and give that`)
    for await (const chunk of bytes) {
      source ??= isTrace(chunk) ? new TraceReader(path, expectation) : new LogSource(path, expectation)
      source.push(chunk)
    }
  } catch (error) {
    throw unreadable(path, error)
  }
  return (source ?? new LogSource(path, expectation)).end()
}

/** What connections are read from. */
interface Source {
  push(chunk: Buffer): void
  end(): ConnectionTrace[]
}

/** A telemetry log: one connection. */
class LogSource implements Source {
  private readonly reader: TelemetryReader
  private readonly builder: TraceBuilder

  constructor(path: string, expectation: Expectation) {
    const [, named] = LOG_NAME.exec(basename(path)) ?? []
    this.reader = new TelemetryReader(path)
    this.builder = new TraceBuilder(path, named === undefined ? undefined : Number(named), expectation)
  }

  push(chunk: Buffer): void {
    for (const event of this.reader.push(chunk)) this.builder.add(event)
  }

  end(): ConnectionTrace[] {
    const end = this.reader.end()
    for (const event of end.events) this.builder.add(event)
    return [this.builder.end(end)]
  }
}
