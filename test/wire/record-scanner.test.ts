import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/wire/limits.js'
import {
  DELETE,
  MAILBOX,
  RESERVE,
  type RecordKind,
  RecordScanner,
  RecordSpan,
  type RecordSink,
} from '../../src/wire/record-scanner.js'
import { recordOf, replyCode } from '../../src/wire/reply.js'
import { FrameScanner } from '../../src/wire/scanner.js'

interface Plain {
  readonly kind: RecordKind
  readonly name: string
  readonly location: string
  readonly acl: string
}

/** A record, and how long it says to be. */
interface Seen extends Plain {
  readonly byteCount: number
}

const WORDS = { [MAILBOX]: 'MAILBOX', [RESERVE]: 'RESERVE', [DELETE]: 'DELETE' }

function wireOf({ kind, name, location, acl }: Plain): string {
  const literal = (text: string) => ` {${text.length}+}\r\n${text}`
  const rest = kind === DELETE ? '' : literal(location) + (kind === MAILBOX ? literal(acl) : '')
  return `U01 ${WORDS[kind]}${literal(name)}${rest}\r\n`
}

function plain({ kind, bytes, byteCount, ...at }: RecordSpan): Seen {
  const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1')
  return {
    kind,
    byteCount,
    name: text(at.nameStart, at.nameEnd),
    location: text(at.locationStart, at.locationEnd),
    acl: text(at.aclStart, at.aclEnd),
  }
}

function collector(): RecordSink & { readonly seen: Seen[] } {
  const seen: Seen[] = []
  return { seen, onRecord: record => void seen.push(plain(record)) }
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(array => Buffer.from(array).toString('latin1'))
const record: fc.Arbitrary<Plain> = fc
  .record({
    kind: fc.constantFrom<RecordKind>(MAILBOX, RESERVE, DELETE),
    name: bytes(120),
    location: bytes(40),
    acl: bytes(1200),
  })
  .map(({ kind, name, location, acl }) => ({
    kind,
    name,
    location: kind === DELETE ? '' : location,
    acl: kind === MAILBOX ? acl : '',
  }))
/** Other lines of a stream, some much like a record, and records in forms that Cyrus does not use. */
const other = fc.constantFrom(
  'N1 OK "done"\r\n',
  'U01 OK "streaming"\r\n',
  '* BYE "x"\r\n',
  'U01 MAILBOXES {1+}\r\na\r\n',
  'U01 MAILBOX {1+}\r\na {1+}\r\nb\r\n',
  'U01 DELETE {1+}\r\na {1+}\r\nb\r\n',
  'U01 mailbox "a" "b!c" "d"\r\n',
  'U01 RESERVE {1}\r\na {1+}\r\nb\r\n',
  'U012 DELETE {1+}\r\na\r\n',
  '\r\n',
)

describe('RecordScanner', () => {
  it('reads all records of a chunk, and stops before what is none', () => {
    const records: Plain[] = [
      { kind: MAILBOX, name: 'user.a', location: 'be1!p', acl: 'a\tlrs\t' },
      { kind: RESERVE, name: 'user.{1+}\r\n', location: 'x', acl: '' },
      { kind: DELETE, name: '', location: '', acl: '' },
      { kind: MAILBOX, name: '', location: '', acl: '' },
    ]
    const wire = Buffer.from(`${records.map(wireOf).join('')}U01 OK "done"\r\n`, 'latin1')
    const sink = collector()
    expect(new RecordScanner('U01', DEFAULT_LIMITS, sink).scan(wire, 0, wire.length)).toBe(wire.length - 15)
    expect(sink.seen).toEqual(records.map(each => ({ ...each, byteCount: wireOf(each).length })))
  })

  it('leaves a literal beyond the limits to whom refuses it', () => {
    const wire = Buffer.from('U01 DELETE {11+}\r\nabcdefghijk\r\n', 'latin1')
    const sink = collector()
    const limits = { maxFrameBytes: 100, maxLiteralBytes: 10 }
    expect(new RecordScanner('U01', limits, sink).scan(wire, 0, wire.length)).toBe(0)
    expect(sink.seen).toEqual([])
  })

  it('with the grammar behind it, knows how long a record is that ends with a bare LF', () => {
    const [first, second] = ['U01 DELETE {1+}\r\na\n', 'U01 DELETE {1+}\r\nb\r\n']
    const sink = collector()
    expect([...through(Buffer.from(first + second, 'latin1'), [], sink, true)]).toEqual([])
    expect(sink.seen.map(({ byteCount }) => byteCount)).toEqual([first.length, second.length])
  })

  it('with the grammar behind it, sees each record once, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ arbitrary: record, weight: 4 }, { arbitrary: other, weight: 1 }), { maxLength: 12 }),
        fc.array(fc.nat(400), { maxLength: 12 }),
        (items, cuts) => {
          const wire = Buffer.from(
            items.map(item => (typeof item === 'string' ? item : wireOf(item))).join(''),
            'latin1',
          )
          const fast = collector()
          const byGrammar = collector()
          const lines = [...through(wire, cuts, fast, true)]
          expect(lines).toEqual([...through(wire, cuts, byGrammar, false)])
          expect(fast.seen).toEqual(byGrammar.seen)
        },
      ),
      { numRuns: 500 },
    )
  })
})

/** As the client does it; yields the replies that are no records. */
function* through(wire: Buffer, cuts: readonly number[], sink: RecordSink, fast: boolean): Generator<string> {
  const scanner = new FrameScanner()
  const records = new RecordScanner('U01', DEFAULT_LIMITS, sink)
  const odd = new RecordSpan()
  for (const chunk of pieces(wire, cuts)) {
    scanner.feed(chunk)
    for (;;) {
      if (fast) scanner.takeRecords(records)
      if (!scanner.next()) break
      const { frame } = scanner
      if (frame.count > 0 && frame.equals(0, 'U01') && recordOf(frame, replyCode(frame), odd)) sink.onRecord(odd)
      else yield frame.restOfLine(0)
    }
  }
}

function* pieces(wire: Buffer, cuts: readonly number[]): Generator<Buffer> {
  let at = 0
  for (const cut of cuts) {
    yield wire.subarray(at, at + cut)
    at += cut
  }
  yield wire.subarray(at)
}
