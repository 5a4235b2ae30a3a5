import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../../src/core/operation.js'
import { CommandReader } from '../../../src/masters/embedded/command-reader.js'
import { CommandParser } from '../../../src/masters/embedded/parse-command.js'
import { encodeCommand } from '../../../src/wire/encode.js'
import { DEFAULT_LIMITS, STRANGER_LIMITS } from '../../../src/wire/limits.js'
import { RecordScanner } from '../../../src/wire/record-scanner.js'
import { FrameScanner } from '../../../src/wire/scanner.js'
import { asCommands, asReplies, type Decoder, pieces } from '../../support/decoders.js'
import { World } from './world.js'

/** All bytes but NUL, which Cyrus takes in no argument. */
const bytes = (maxLength: number) =>
  fc.uint8Array({ min: 1, maxLength }).map(array => Buffer.from(array).toString('latin1'))
const argument = fc.oneof(
  bytes(40),
  fc.constantFrom('', 'user.bob', '{3+}\r\nabc', '"', '\\', '\r\n', ' '),
  bytes(5000),
)
const tag = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,8}$/)
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('ACTIVATE' as const), name: argument, location: argument, acl: argument }),
  fc.record({ kind: fc.constantFrom('RESERVE' as const, 'DEACTIVATE' as const), name: argument, location: argument }),
  fc.record({ kind: fc.constantFrom('DELETE' as const, 'FIND' as const), name: argument }),
  fc.record({ kind: fc.constant('LIST' as const) }, { requiredKeys: ['kind'] }),
  fc.record({ kind: fc.constant('LIST' as const), locationPrefix: argument }),
  fc.record({
    kind: fc.constant('UPDATE' as const),
    servers: fc.array(
      argument.filter(text => text !== ''),
      { maxLength: 30 },
    ),
  }),
  fc.record({ kind: fc.constant('AUTHENTICATE' as const), mechanism: tag, initialResponse: argument }),
  fc.constantFrom<Command>({ kind: 'NOOP' }, { kind: 'LOGOUT' }, { kind: 'AUTHENTICATE', mechanism: 'SCRAM-SHA-1' }),
)
const cuts = fc.array(fc.nat(20_000), { maxLength: 10 })

function argumentsOf({ kind: _, servers, ...rest }: Command & { servers?: readonly string[] }): unknown[] {
  return [...Object.values(rest), ...(servers ?? [])]
}

/** A soup of what grammars are made of. */
const soup = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['A ', 'X1 ', '* ', 'NOOP', 'DELETE ', 'MAILBOX ', 'OK ', 'UPDATE ', 'BYE ', 'ACTIVATE ', '+ '],
        ...['{3+}\r\n', '{3}\r\n', '{0+}\r\n', '{40+}\r\n', '{4294967296+}\r\n', '{', '+}', '}', '"', '\\', '"a" '],
        ...['\r\n', '\n', '\r', ' ', '\0', '\xff', '(', '\t', 'abc', 'user.bob '],
      ),
      fc.uint8Array({ maxLength: 12 }).map(array => Buffer.from(array).toString('latin1')),
    ),
    { maxLength: 60 },
  )
  .map(parts => Buffer.from(parts.join(''), 'latin1'))

describe('what the client writes', () => {
  it('is what the embedded master reads, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(tag, command), { maxLength: 6 }), cuts, (said, at) => {
        const wire = Buffer.from(said.map(([name, each]) => encodeCommand(name, each)).join(''), 'latin1')
        const expected = said.map(([name, each]) => JSON.stringify([name, each.kind, ...argumentsOf(each)]))
        expect(asCommands(true)(pieces(wire, at))).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })
})

describe('what the embedded master writes', () => {
  it('is what the client reads, by either of its scanners, however it is cut', () => {
    const record = fc.tuple(argument, argument, fc.option(argument, { nil: undefined }))
    fc.assert(
      fc.property(fc.uniqueArray(record, { maxLength: 12, selector: ([name]) => name }), cuts, (records, at) => {
        const client = new World().login()
        for (const [name, location, acl] of records) {
          const set: Command =
            acl === undefined ? { kind: 'RESERVE', name, location } : { kind: 'ACTIVATE', name, location, acl }
          client.say(encodeCommand('X', set))
        }
        client.take()
        const wire = Buffer.from(client.ask('U01 UPDATE\r\n'), 'latin1')
        const expected = records.map(([name, location, acl]) =>
          JSON.stringify(
            acl === undefined ? ['reserve', 'U01', name, location] : ['mailbox', 'U01', name, location, acl],
          ),
        )
        const read = asReplies(pieces(wire, at))
        expect(read.pop()).toBe('["status","U01","OK","streaming starts"]')
        expect(read.toSorted()).toEqual(expected.toSorted())
        let scanned = 0
        const end = new RecordScanner('U01', DEFAULT_LIMITS, { onRecord: () => void scanned++ }).scan(
          wire,
          0,
          wire.length,
        )
        expect([scanned, wire.toString('latin1', end)]).toEqual([records.length, 'U01 OK "streaming starts"\r\n'])
      }),
      { numRuns: 200 },
    )
  })
})

describe.each<{ reader: string; decode: Decoder }>([
  { reader: 'the client', decode: asReplies },
  { reader: 'the embedded master', decode: asCommands(true) },
  { reader: 'the embedded master, of who has not logged in,', decode: asCommands(false) },
])('$reader', ({ decode }) => {
  it('reads any bytes the same however they are cut, and refuses by name', () => {
    fc.assert(
      fc.property(soup, cuts, (wire, at) => {
        // What is no HarnessError is thrown on.
        expect(decode(pieces(wire, at))).toEqual(decode([wire]))
      }),
      { numRuns: 2000 },
    )
  })

  it('refuses a line without an end, in drops, and spends little on it', () => {
    const drop = Buffer.alloc(16, 'x')
    const startMs = performance.now()
    const read = decode(
      (function* () {
        yield Buffer.from('A BOGUS ')
        for (let byteCount = 0; byteCount < 3 * DEFAULT_LIMITS.maxFrameBytes; byteCount += drop.length) yield drop
      })(),
    )
    expect(read).toEqual(['WIRE_LIMIT'])
    // Reading the line from its beginning at each drop took minutes.
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })
})

describe('who has not logged in', () => {
  const read = (wire: string) => asCommands(false)([Buffer.from(wire, 'latin1')])

  it('can make the embedded master keep little', () => {
    expect(read(`A AUTHENTICATE "PLAIN" {${STRANGER_LIMITS.maxLiteralBytes + 1}+}\r\n`)).toEqual(['WIRE_LIMIT'])
    expect(read(`A AUTHENTICATE "PLAIN" {${STRANGER_LIMITS.maxLiteralBytes}+}\r\n`)).toEqual([])
    expect(read(`A X ${'y'.repeat(STRANGER_LIMITS.maxFrameBytes)}`)).toEqual(['WIRE_LIMIT'])
  })

  it('is not listened to when the answer to a challenge has no end', () => {
    const reader = new CommandReader(new CommandParser(), () => {})
    const most = () => {
      for (let byteCount = 0; byteCount < 100_000; byteCount += 100) {
        reader.feed(Buffer.alloc(100, 'x'))
        reader.nextLine()
      }
    }
    expect(most).toThrowError(/a SASL response of/)
    expect(reader.pendingBytes).toBeLessThan(33_000)
  })

  it('is not given a tag of any length to see again in every reply', () => {
    expect(read(`${'A'.repeat(1025)} NOOP\r\n`)).toEqual(['WIRE_LIMIT'])
    expect(read(`${'A'.repeat(1024)} NOOP\r\n`)).toEqual([`${'A'.repeat(1024)} BAD "Please login first"`])
  })
})

describe('a frame in pieces', () => {
  it('is found by the scanner when its line end comes alone', () => {
    const scanner = new FrameScanner()
    for (const piece of ['A OK "', 'd', 'o', 'ne"', '\r']) {
      scanner.feed(Buffer.from(piece))
      expect(scanner.next()).toBe(false)
    }
    scanner.feed(Buffer.from('\n'))
    expect(scanner.next()).toBe(true)
    expect(scanner.frame.text(2)).toBe('done')
  })
})
