import type { DiagnosedSource } from '../metrics/diagnosis-result.js'
import { iso } from './iso.js'
import { ExportReader, type JournalFields, journalLine, jsonFields } from './journal.js'
import type { LogBook } from './log-book.js'
import { type LogLine, logLine, repeatsOf } from './log-line.js'
import { isMupdate, type SayingKind, sayingOf } from './sayings.js'
import { Stamps, type YearRule } from './stamps.js'

/** A line never ends: the rest of it is dropped. */
const LONGEST_LINE = 1 << 20
/** Only lines with one of these can matter; all others, most of a mail host's log, are not looked at further. */
const NEEDLES = ['mupdate', 'signaled to death', ' exited, ', 'last message repeated']
/** What nobody but a slave says, under whatever identifier. */
const ONLY_MUPDATES: readonly SayingKind[] = ['connected', 'listing', 'merging', 'synchronised', 'retrying']
const EXPORT = /^(?:__CURSOR|__REALTIME_TIMESTAMP|__SEQNUM|[A-Z_][A-Z0-9_]*)=/

export interface SourceOptions {
  readonly name: string
  /** Of lines that name none. */
  readonly host: string
  readonly number: number
  readonly years: YearRule
  readonly year: DiagnosedSource['year']
  /** This process's own, by name. */
  readonly zone: string
}

/** Reads one log piece by piece into a book. */
export class SourceReader {
  private readonly stamps: Stamps
  private readonly journal = new ExportReader()
  private format: DiagnosedSource['format'] | undefined
  private rest = ''
  private isTooLong = false
  private lines = 0
  private mupdateLines = 0
  private unreadLines = 0
  private fromMs = Infinity
  private toMs = -Infinity
  private hasWholeSeconds = false
  private last = ''
  private previous = ''
  /** What `last message repeated` is about. */
  private repeatable: LogLine | undefined

  constructor(
    private readonly options: SourceOptions,
    private readonly book: LogBook,
  ) {
    this.stamps = new Stamps(options.years)
  }

  /** @param bytes one to a character */
  push(bytes: string): void {
    const lines = bytes.split('\n')
    lines[0] = this.rest + lines[0]
    this.rest = lines.pop()!
    for (const line of lines) this.line(line)
    if (this.rest.length <= LONGEST_LINE) return
    this.isTooLong = true
    this.rest = ''
  }

  end(): DiagnosedSource {
    if (this.rest !== '') this.line(this.rest)
    if (this.format === 'journal export') this.entry(this.journal.end())
    // The last line may be cut off; those that were read are not here.
    for (const line of [this.previous, this.last]) this.seen(this.stamps.at(withoutPriority(line))?.atMs)
    const { name, year, zone } = this.options
    return {
      name,
      format: this.format ?? 'text',
      lines: this.lines,
      mupdateLines: this.mupdateLines,
      unreadLines: this.unreadLines,
      from: Number.isFinite(this.fromMs) ? iso(this.fromMs) : null,
      to: Number.isFinite(this.toMs) ? iso(this.toMs) : null,
      year: this.stamps.isYearInferred ? year : 'in its lines',
      zone: this.stamps.isZoneAssumed ? zone : null,
      wholeSeconds: this.hasWholeSeconds,
    }
  }

  private line(line: string): void {
    if (this.isTooLong) {
      this.isTooLong = false
      return
    }
    this.format ??= formatOf(line)
    switch (this.format) {
      case undefined:
        return
      case 'journal export':
        this.entry(this.journal.push(line))
        return
      case 'journal JSON': {
        const fields = line.trim() === '' ? undefined : jsonFields(line)
        // Docker's, Elastic's and others' JSON is no journal's.
        if (!this.entry(fields) && line.includes('mupdate')) this.unreadLines++
        return
      }
      case 'text':
        this.text(line.endsWith('\r') ? line.slice(0, -1) : line)
    }
  }

  /** @returns whether it is a journal's */
  private entry(fields: JournalFields | undefined): boolean {
    if (fields === undefined) return false
    this.lines++
    const line = journalLine(fields)
    const atMs = Number(fields.get('__REALTIME_TIMESTAMP')) / 1000
    if (atMs > 0) this.seen(atMs)
    if (line !== undefined) this.add(line)
    return line !== undefined
  }

  private text(line: string): void {
    this.lines++
    if (this.lines === 1) this.seen(this.stamps.at(withoutPriority(line))?.atMs)
    this.previous = this.last
    this.last = line
    if (!NEEDLES.some(needle => line.includes(needle))) {
      this.repeatable = undefined
      return
    }
    const repeats = repeatsOf(line)
    if (repeats !== undefined) {
      if (this.repeatable !== undefined) this.add({ ...this.repeatable, times: repeats })
      return
    }
    const read = logLine(line, this.stamps)
    // A stamp is read once: the next year begins where the months go back.
    this.last = ''
    this.seen(read?.atMs)
    this.repeatable = read
    if (read !== undefined) this.add(read)
    else if (line.includes('mupdate')) this.unreadLines++
  }

  private add(line: LogLine): void {
    const { host, number } = this.options
    if (!this.book.add(line, host, number)) {
      // rsyslog's programname ends at “/”: cyrus[123] for cyrus/mupdate[123].
      const saying = isMupdate(line.ident) ? undefined : sayingOf(line.text)
      if (saying !== undefined && ONLY_MUPDATES.includes(saying.kind)) this.unreadLines += line.times
      return
    }
    this.mupdateLines++
    this.hasWholeSeconds ||= line.isWholeSecond
    this.seen(line.atMs)
  }

  private seen(atMs: number | undefined): void {
    if (atMs === undefined) return
    this.fromMs = Math.min(this.fromMs, atMs)
    this.toMs = Math.max(this.toMs, atMs)
  }
}

/** By the first line that has something in it. */
function formatOf(line: string): DiagnosedSource['format'] | undefined {
  if (line.trim() === '') return undefined
  if (/^\u001e?\s*\{/.test(line)) return 'journal JSON'
  return EXPORT.test(line) ? 'journal export' : 'text'
}

function withoutPriority(line: string): string {
  return line.replace(/^<\d{1,3}>(?:1 )?/, '')
}
