import { HarnessError } from '../core/errors.js'
import { type BadLine, type DumpEntry, type DumpFormat, isBad } from './dump-entry.js'
import { parseJsonLine } from './json-line.js'
import { parseTextLine, textFormatOf } from './text-line.js'

export interface BadDumpLine extends BadLine {
  /** From 1. */
  readonly line: number
}

/** What is known when all of it was read. */
export interface DumpEnd {
  readonly format: DumpFormat
  readonly lines: number
}

const NEWLINE = 10
/** A mailbox has some kilobytes at most, for all its ACL. */
const MOST_LINE_BYTES = 1e6

/**
 * Reads a dump in any form, by its first line that is one, in memory that does not grow with it.
 *
 * @param onBad of lines that are no mailbox; may throw to make an end
 * @param mayLackServers of mailboxes that lie on another server it need not be known on which
 * @yields mailboxes in the order of the dump, as many as a chunk has
 * @throws {HarnessError} `USAGE` where nothing of it is a mailbox, or where it cannot be used
 */
export async function* readDump(
  chunks: AsyncIterable<Buffer>,
  path: string,
  onBad: (bad: BadDumpLine) => void,
  mayLackServers = false,
): AsyncGenerator<DumpEntry[], DumpEnd> {
  const reader = new DumpReader(path, onBad, mayLackServers)
  /** Of a line that has not ended, in pieces: to put them together for each would take the square of their number. */
  let rest: Buffer[] = []
  let restBytes = 0
  for await (const chunk of chunks) {
    rest.push(chunk)
    restBytes += chunk.length
    const entries: DumpEntry[] = []
    if (chunk.includes(NEWLINE)) {
      const bytes = Buffer.concat(rest)
      let start = 0
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        reader.line(bytes.toString('latin1', start, end), entries)
        start = end + 1
      }
      rest = [bytes.subarray(start)]
      restBytes = bytes.length - start
    }
    if (restBytes > MOST_LINE_BYTES) throw reader.rewritten()
    yield entries
  }
  const last: DumpEntry[] = []
  if (restBytes > 0) reader.lastLine(Buffer.concat(rest).toString('latin1'), last)
  yield last
  return reader.end()
}

class DumpReader {
  private format: DumpFormat | undefined
  private lines = 0
  private mailboxes = 0
  private hasEnded = false

  constructor(
    private readonly path: string,
    private readonly onBad: (bad: BadDumpLine) => void,
    private readonly mayLackServers: boolean,
  ) {}

  line(text: string, entries: DumpEntry[]): void {
    this.lines++
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    if (line.trim() === '') return
    this.format ??= /^\{\s*("|$)/.test(line) ? '3.6' : textFormatOf(line)
    const parsed = this.parsed(line)
    if (parsed === undefined) return
    if (!isBad(parsed)) {
      this.mailboxes++
      entries.push(parsed)
      return
    }
    this.onBad({ line: this.lines, ...parsed })
  }

  /** Without a line's end: a text dump has one behind each, and a tab before it where there is an ACL. */
  lastLine(text: string, entries: DumpEntry[]): void {
    const isText = this.format !== '3.6' && !text.startsWith('{')
    if (isText && text.includes('\t') && !/[\t ]\r?$/.test(text)) {
      this.lines++
      this.onBad({ line: this.lines, column: text.length + 1, reason: 'the dump is cut off: the line has no end' })
    } else this.line(text, entries)
  }

  end(): DumpEnd {
    const { format, lines, path } = this
    // A database may be empty, as that of a master is after some upgrades.
    const isEmpty = format === '3.6' && this.hasEnded
    if (format === undefined || (this.mailboxes === 0 && !isEmpty))
      throw new HarnessError('USAGE', `${path}: no line of it is a mailbox`, 'give the output of ctl_mboxlist -d')
    if (format === '3.6' && !this.hasEnded)
      this.onBad({ line: lines, column: 1, reason: 'the dump is cut off: the brace at its end is missing' })
    return { format, lines }
  }

  private parsed(line: string): DumpEntry | BadLine | undefined {
    const parsed = this.parse(line)
    const isLost = parsed !== undefined && !isBad(parsed) && parsed.isElsewhere && parsed.server === ''
    if (!isLost || this.mayLackServers) return parsed
    throw this.unusable(`line ${this.lines}: the mailbox lies on another server, and on which is not said`)
  }

  private parse(line: string): DumpEntry | BadLine | undefined {
    const { format } = this
    if (format === undefined) return { column: 1, reason: 'no line of ctl_mboxlist -d' }
    if (format !== '3.6') return parseTextLine(line, format)
    // All but the last have a comma.
    if (line.trimEnd().endsWith('}') && openBraces(line) < (this.lines === 1 ? 1 : 0)) this.hasEnded = true
    const parsed = parseJsonLine(line)
    if (parsed !== undefined && isBad(parsed) && isRewritten(line)) throw this.rewritten()
    return parsed
  }

  rewritten(): HarnessError {
    return new HarnessError(
      'USAGE',
      `${this.path}: not one mailbox a line, as if jq had written it anew`,
      'give the output of ctl_mboxlist -d as it is, gz if you like',
    )
  }

  private unusable(what: string): HarnessError {
    const version = this.format === '3.6' ? '' : ': Cyrus 2.5 writes so'
    return new HarnessError(
      'USAGE',
      `${this.path}: ${what}${version}`,
      'dump it by another version, or take the dumps of the backends themselves, with --server for each',
    )
  }
}

/** A mailbox that goes on over the next lines, or several of them on one. */
function isRewritten(line: string): boolean {
  return /^\s*"(?:[^"\\]|\\.)*"\s*:\s*\{\s*$/.test(line) || /\}\s*,\s*"(?:[^"\\]|\\.)*"\s*:\s*\{/.test(line)
}

/** @returns how many are opened and not closed on a line, those within strings left out */
function openBraces(line: string): number {
  let open = 0
  for (const [brace] of line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').matchAll(/[{}]/g)) open += brace === '{' ? 1 : -1
  return open
}
