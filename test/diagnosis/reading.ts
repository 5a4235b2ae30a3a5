import { diagnose } from '../../src/diagnosis/diagnose.js'
import { LogBook } from '../../src/diagnosis/log-book.js'
import { SourceReader } from '../../src/diagnosis/source-reader.js'
import type { YearRule } from '../../src/diagnosis/stamps.js'
import { type DiagnosisResult, diagnosisResultSchema } from '../../src/metrics/diagnosis-result.js'

export interface Log {
  readonly name: string
  readonly bytes: Buffer
}

export interface ReadingOptions {
  readonly retryDelayS?: number
  readonly years?: YearRule
  /** Pieces that a log comes in. */
  readonly pieceBytes?: number
}

/** The instant these logs were put away. */
export const READ_MS = Date.parse('2026-11-28T12:00:00Z')

export function diagnoseLogs(logs: readonly Log[], options: ReadingOptions = {}): DiagnosisResult {
  const book = new LogBook()
  const sources = logs.map(({ name, bytes }, number) => {
    const years = options.years ?? { kind: 'until', untilMs: READ_MS }
    const reader = new SourceReader(
      { name, host: name, number, years, year: 'from the file’s time', zone: 'here' },
      book,
    )
    const piece = options.pieceBytes ?? 1 << 16
    for (let from = 0; from < bytes.length; from += piece) reader.push(bytes.toString('latin1', from, from + piece))
    return reader.end()
  })
  // What is made is what is published.
  return diagnosisResultSchema.parse(diagnose(book, sources, { retryDelayS: options.retryDelayS }))
}

export function logOf(...lines: readonly string[]): Log {
  return { name: 'mail.log', bytes: Buffer.from(`${lines.join('\n')}\n`) }
}
