import { createReadStream, type ReadStream, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { HarnessError, messageOf } from '../core/errors.js'
import { formatBytes } from '../core/units.js'
import type { LogBook } from '../diagnosis/log-book.js'
import { SourceReader } from '../diagnosis/source-reader.js'
import type { YearRule } from '../diagnosis/stamps.js'
import type { DiagnosedSource } from '../metrics/diagnosis-result.js'
import type { Progress } from './progress.js'
import { unpacked } from '../core/unpacked.js'

const STDIN = '-'
const NOTE_MS = 500
/** Reads one log after the other into a book. @throws {HarnessError} `RESULTS` for one that cannot be read */
export async function readLogs(
  paths: readonly string[],
  year: number | undefined,
  book: LogBook,
  progress: Progress,
): Promise<DiagnosedSource[]> {
  const sources: DiagnosedSource[] = []
  for (const [number, path] of paths.entries()) sources.push(await readLog(path, number, year, book, progress))
  progress.clear()
  return sources
}

async function readLog(
  path: string,
  number: number,
  year: number | undefined,
  book: LogBook,
  progress: Progress,
): Promise<DiagnosedSource> {
  const { stream, bytes, modifiedMs } = opened(path)
  const years: YearRule =
    year === undefined ? { kind: 'until', untilMs: modifiedMs ?? Date.now() } : { kind: 'from', year }
  const reader = new SourceReader(
    {
      name: path,
      host: path === STDIN ? 'standard input' : basename(path),
      number,
      years,
      year: year !== undefined ? 'given' : modifiedMs === undefined ? 'from today' : 'from the file’s time',
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    },
    book,
  )
  let [read, notedMs] = [0, performance.now()]
  const count = (chunk: Buffer) => {
    read += chunk.length
    if (performance.now() - notedMs < NOTE_MS) return
    notedMs = performance.now()
    progress.note(`reading ${path}: ${formatBytes(read)}${bytes === undefined ? '' : ` of ${formatBytes(bytes)}`}`)
  }
  try {
    const chunks = unpacked(countedChunks(stream, count), path, unpack => `${unpack} | mupdate-bench diagnose -`)
    for await (const chunk of chunks) reader.push(chunk.toString('latin1'))
  } catch (error) {
    throw unreadable(path, error)
  }
  return reader.end()
}

function unreadable(path: string, error: unknown): HarnessError {
  if (error instanceof HarnessError) return error
  return new HarnessError(
    'RESULTS',
    `cannot read ${path}: ${messageOf(error)}`,
    'give files of syslog, or - for standard input',
  )
}

function opened(path: string): ReturnType<typeof open> {
  try {
    return open(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

function open(path: string): { stream: Readable; bytes: number | undefined; modifiedMs: number | undefined } {
  if (path === STDIN) return { stream: process.stdin, bytes: undefined, modifiedMs: undefined }
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isDirectory() === true)
    throw new HarnessError('RESULTS', `${path} is a folder`, `give the logs in it, such as ${path}/mail.log*`)
  const stream: ReadStream = createReadStream(path)
  return { stream, bytes: stats?.size, modifiedMs: stats?.mtimeMs }
}

async function* countedChunks(stream: Readable, count: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    count(chunk as Buffer)
    yield chunk as Buffer
  }
}
