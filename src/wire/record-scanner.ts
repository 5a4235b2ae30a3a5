import { CR, LF, NO_BYTES } from './ascii.js'
import type { WireLimits } from './limits.js'

const SP = 32
const PLUS = 43
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

export const MAILBOX = 0
export const RESERVE = 1
export const DELETE = 2
export type RecordKind = typeof MAILBOX | typeof RESERVE | typeof DELETE

const WORDS = ['MAILBOX', 'RESERVE', 'DELETE'].map(word => Uint8Array.from(Buffer.from(`${word} `, 'latin1')))

/** Where one record of a list or an update stream lies. Lent: it is another one's after the call. */
export class RecordSpan {
  bytes: Uint8Array = NO_BYTES
  kind: RecordKind = MAILBOX
  /** Where the whole record begins, and its bytes, tag and line end included. */
  start = 0
  byteCount = 0
  nameStart = 0
  nameEnd = 0
  /** Both 0 for DELETE. */
  locationStart = 0
  locationEnd = 0
  /** Both 0 for RESERVE and DELETE. */
  aclStart = 0
  aclEnd = 0
}

/** Who takes the records of UPDATE: those of the list, and those that stream after it. */
export interface RecordSink {
  onRecord(record: RecordSpan): void
  /** May take whole records at `at` as they stand, having seen such bytes before. @returns where the first byte lies that it did not take */
  takeKnown?(bytes: Uint8Array, at: number, limit: number): number
}

/**
 * Reads records in the one form in which Cyrus writes them, `U01 MAILBOX {n+}CRLF…`, several times as fast as the
 * grammar allows: a dump is millions of them. What is not in that form, or not whole, is left to `parseFrame`.
 */
export class RecordScanner {
  private readonly span = new RecordSpan()
  private readonly tag: Uint8Array
  /** Where the literal that {@link literal} read begins. */
  private start = 0

  constructor(
    tag: string,
    private readonly limits: WireLimits,
    private readonly sink: RecordSink,
  ) {
    this.tag = Uint8Array.from(Buffer.from(`${tag} `, 'latin1'))
  }

  /** @returns where the first byte lies that belongs to no record read */
  scan(bytes: Uint8Array, start: number, limit: number): number {
    const { span, sink } = this
    span.bytes = bytes
    let at = start
    for (;;) {
      at = sink.takeKnown?.(bytes, at, limit) ?? at
      const next = this.one(bytes, at, limit)
      if (next < 0) return at
      span.start = at
      span.byteCount = next - at
      at = next
      sink.onRecord(span)
    }
  }

  /** @returns past the record's line end; -1 when it is no whole record in Cyrus's form */
  private one(bytes: Uint8Array, start: number, limit: number): number {
    const { tag, span } = this
    // The shortest that is whole: tag, word, `{0+}CRLF` and CRLF.
    if (start + tag.length + 15 > limit) return -1
    let at = start
    for (let i = 0; i < tag.length; i++) if (bytes[at++] !== tag[i]) return -1
    const first = bytes[at]
    const kind = first === 77 ? MAILBOX : first === 82 ? RESERVE : first === 68 ? DELETE : -1
    if (kind < 0) return -1
    const word = WORDS[kind]
    for (let i = 0; i < word.length; i++) if (bytes[at++] !== word[i]) return -1
    at = this.literal(bytes, at, limit)
    if (at < 0) return -1
    span.kind = kind as RecordKind
    span.nameStart = this.start
    span.nameEnd = at
    span.locationStart = span.locationEnd = span.aclStart = span.aclEnd = 0
    if (kind !== DELETE) {
      at = bytes[at] === SP ? this.literal(bytes, at + 1, limit) : -1
      if (at < 0) return -1
      span.locationStart = this.start
      span.locationEnd = at
    }
    if (kind === MAILBOX) {
      at = bytes[at] === SP ? this.literal(bytes, at + 1, limit) : -1
      if (at < 0) return -1
      span.aclStart = this.start
      span.aclEnd = at
    }
    return at + 1 < limit && bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : -1
  }

  /** @returns past a literal `{n+}CRLF` and its bytes, where at least a line end must still follow; else -1 */
  private literal(bytes: Uint8Array, start: number, limit: number): number {
    if (bytes[start] !== OPEN_BRACE) return -1
    let at = start + 1
    let size = 0
    let digit = bytes[at] - 48
    if (digit < 0 || digit > 9) return -1
    do {
      size = size * 10 + digit
      if (size > this.limits.maxLiteralBytes) return -1
      digit = bytes[++at] - 48
    } while (digit >= 0 && digit <= 9 && at < limit)
    if (at + 5 + size >= limit) return -1
    if (bytes[at] !== PLUS || bytes[at + 1] !== CLOSE_BRACE || bytes[at + 2] !== CR || bytes[at + 3] !== LF) return -1
    this.start = at + 4
    return at + 4 + size
  }
}
