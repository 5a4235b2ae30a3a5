import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_TOKENS } from '../../src/wire/frame.js'
import { decodeReply } from '../../src/wire/reply.js'
import { FrameScanner } from '../../src/wire/scanner.js'

function texts(chunks: readonly Buffer[], scanner = new FrameScanner()): string[][] {
  const frames: string[][] = []
  for (const chunk of chunks) {
    // A copy that is wiped afterwards: what the scanner keeps has to be its own.
    const lent = Buffer.from(chunk)
    scanner.feed(lent)
    while (scanner.next()) frames.push(Array.from({ length: scanner.frame.count }, (_, i) => scanner.frame.text(i)))
    lent.fill(0xff)
  }
  return frames
}

const cases = [
  { name: 'a quoted reply', wire: 'A1 OK "done"\r\n', tokens: [['A1', 'OK', 'done']] },
  { name: 'an escaped quote', wire: 'A1 NO "say \\"x\\\\y\\""\r\n', tokens: [['A1', 'NO', 'say "x\\y"']] },
  { name: 'a literal that holds CRLF', wire: 'U1 DELETE {4+}\r\na\r\nb\r\n', tokens: [['U1', 'DELETE', 'a\r\nb']] },
  {
    name: 'a literal that looks like a literal',
    wire: 'U1 DELETE {5+}\r\n{9+}\r\r\n',
    tokens: [['U1', 'DELETE', '{9+}\r']],
  },
  { name: 'an empty literal', wire: 'U1 DELETE {0+}\r\n\r\n', tokens: [['U1', 'DELETE', '']] },
  {
    name: 'a dump record and its OK',
    wire: 'U01 MAILBOX {8+}\r\nuser.bob {7+}\r\nbe1!def {9+}\r\nbob\tlrs\t\xe9\r\nU01 OK "done"\r\n',
    tokens: [
      ['U01', 'MAILBOX', 'user.bob', 'be1!def', 'bob\tlrs\t\xe9'],
      ['U01', 'OK', 'done'],
    ],
  },
  {
    name: 'a bare LF',
    wire: 'N1 OK "x"\nN2 OK "y"\r\n',
    tokens: [
      ['N1', 'OK', 'x'],
      ['N2', 'OK', 'y'],
    ],
  },
  { name: 'an empty line', wire: '\r\n', tokens: [[]] },
  { name: 'braces that are no literal', wire: 'a {x} {12 {+}\r\n', tokens: [['a', '{x}', '{12', '{+}']] },
  { name: 'a CR inside a word', wire: 'a b\rc d\r\n', tokens: [['a', 'b\rc', 'd']] },
]

describe.each(cases)('FrameScanner on $name', ({ wire, tokens }) => {
  const bytes = Buffer.from(wire, 'latin1')
  it('reads it whole', () => expect(texts([bytes])).toEqual(tokens))
  it('reads it byte by byte', () => expect(texts([...bytes].map(byte => Buffer.of(byte)))).toEqual(tokens))
  it('reads it split anywhere', () => {
    for (let n = 1; n < bytes.length; n++) {
      expect(texts([bytes.subarray(0, n), bytes.subarray(n)]), `${n} bytes`).toEqual(tokens)
    }
  })
})

describe('FrameScanner', () => {
  it('reads any stream of frames the same however it is cut', () => {
    const token = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9.!-]{1,30}$/),
      fc.uint8Array({ maxLength: 3000 }).map(a => `{${a.length}+}\r\n${Buffer.from(a).toString('latin1')}`),
      fc.stringMatching(/^[ a-z{}]{0,20}$/).map(text => `"${text}"`),
    )
    const line = fc.array(token, { minLength: 1, maxLength: 6 }).map(tokens => `${tokens.join(' ')}\r\n`)
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(5000), { maxLength: 12 }),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.join(''), 'latin1')
          const at = [0, ...cuts.map(c => c % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
          const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
          expect(texts(chunks)).toEqual(texts([bytes]))
          expect(texts([bytes])).toHaveLength(lines.length)
        },
      ),
    )
  })

  it('never throws anything but its own limits on random bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }), chunks => {
        try {
          texts(chunks.map(c => Buffer.from(c)))
        } catch (error) {
          expect(error).toMatchObject({ name: 'HarnessError', code: 'WIRE_LIMIT' })
        }
      }),
    )
  })

  it.each([
    { name: 'a literal of 4 GB', wire: 'U01 DELETE {4294967296+}\r\n' },
    { name: 'a literal of endless digits', wire: `U01 DELETE {${'9'.repeat(400)}` },
    { name: 'an endless line', wire: 'x'.repeat(5000) },
    { name: 'many literals in one frame', wire: `U01 X ${'{900+}\r\n'.concat('y'.repeat(900), ' ').repeat(6)}` },
  ])('refuses $name before it is buffered', ({ wire }) => {
    const scanner = new FrameScanner({ maxFrameBytes: 4096, maxLiteralBytes: 1024 })
    expect(() => texts([Buffer.from(wire)], scanner)).toThrowError(/at most/)
  })

  it('counts more tokens than it keeps', () => {
    const scanner = new FrameScanner()
    scanner.feed(Buffer.from(`${'a '.repeat(MAX_TOKENS + 9)}\r\n`))
    expect(scanner.next()).toBe(true)
    expect(scanner.frame.count).toBe(MAX_TOKENS + 9)
  })

  it('owes one go-ahead per synchronising literal, whether its sender waits or not', () => {
    const wire = Buffer.from('X DELETE {3}\r\nabc {2}\r\nde\r\nY DELETE {1}\r\nz\r\n')
    for (const size of [1, 2, 7, 15, wire.length]) {
      let goAheads = 0
      const scanner = new FrameScanner(undefined, () => goAheads++)
      for (let i = 0; i < wire.length; i += size) {
        scanner.feed(wire.subarray(i, i + size))
        while (scanner.next());
      }
      expect(goAheads, `chunks of ${size}`).toBe(3)
    }
  })
})

describe('a tag', () => {
  it.each([
    { tag: 'X7', value: 7, is: true },
    { tag: 'X70', value: 7, is: false },
    { tag: 'X', value: 0, is: false },
    { tag: 'X0', value: 0, is: true },
    { tag: 'X07', value: 7, is: false },
    { tag: 'Y7', value: 7, is: false },
    { tag: 'X7a', value: 7, is: false },
    { tag: 'X4294967297', value: 4294967297, is: true },
    { tag: '*', value: 0, is: false },
  ])('$tag compared with X and $value: $is', ({ tag, value, is }) => {
    const scanner = new FrameScanner()
    scanner.feed(Buffer.from(`${tag} OK "done"\r\n`))
    expect(scanner.next()).toBe(true)
    expect(scanner.frame.isNumbered(0, 'X'.charCodeAt(0), value)).toBe(is)
  })
})

describe('decodeReply', () => {
  const decode = (wire: string) => {
    const scanner = new FrameScanner()
    scanner.feed(Buffer.from(wire, 'latin1'))
    expect(scanner.next()).toBe(true)
    return decodeReply(scanner.frame)
  }
  it.each([
    [
      'U01 MAILBOX {1+}\r\na {3+}\r\nb!c {2+}\r\nd\t\r\n',
      { kind: 'mailbox', tag: 'U01', name: 'a', location: 'b!c', acl: 'd\t' },
    ],
    ['U01 reserve {1+}\r\na {3+}\r\nb!c\r\n', { kind: 'reserve', tag: 'U01', name: 'a', location: 'b!c' }],
    ['U01 DELETE "a"\r\n', { kind: 'delete', tag: 'U01', name: 'a' }],
    ['X1 OK "done"\r\n', { kind: 'status', tag: 'X1', status: 'OK', text: 'done' }],
    [
      'S OK Begin TLS negotiation now\r\n',
      { kind: 'status', tag: 'S', status: 'OK', text: 'Begin TLS negotiation now' },
    ],
    ['* BYE "Server Unable"\r\n', { kind: 'status', tag: '*', status: 'BYE', text: 'Server Unable' }],
    [
      '* AUTH "PLAIN" "DIGEST-MD5"\r\n',
      { kind: 'capability', tag: '*', name: 'AUTH', values: ['PLAIN', 'DIGEST-MD5'] },
    ],
    ['* PARTIAL-UPDATE\r\n', { kind: 'capability', tag: '*', name: 'PARTIAL-UPDATE', values: [] }],
    ['+ go ahead\r\n', { kind: 'goAhead', text: 'go ahead' }],
  ])('%j', (wire, reply) => expect(decode(wire)).toEqual(reply))

  it('names what is no reply', () => expect(() => decode('HELLO\r\n')).toThrowError(/no MUPDATE reply: "HELLO"/))
  it('misses arguments', () => expect(() => decode('U01 MAILBOX "a"\r\n')).toThrowError(/no MUPDATE reply/))
})
