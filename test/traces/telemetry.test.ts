import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HarnessError } from '../../src/core/errors.js'
import { Expectation } from '../../src/traces/expectation.js'
import { TelemetryReader } from '../../src/traces/telemetry.js'
import type { ConnectionTrace, TracedCommand } from '../../src/traces/trace.js'
import { TraceBuilder } from '../../src/traces/trace-builder.js'
import { lit, TelemetryLog } from '../support/telemetry-log.js'

function trace(bytes: Buffer, chunkBytes = bytes.length, namedS?: number): ConnectionTrace {
  const reader = new TelemetryReader('log')
  const builder = new TraceBuilder('log', namedS, new Expectation())
  for (let at = 0; at < bytes.length; at += chunkBytes)
    for (const event of reader.push(bytes.subarray(at, at + chunkBytes))) builder.add(event)
  const end = reader.end()
  for (const event of end.events) builder.add(event)
  return builder.end(end)
}

const commandsOf = ({ steps }: ConnectionTrace) => steps.map(({ command }) => command)

const COMMANDS: readonly (readonly [wire: string, command: TracedCommand])[] = [
  [
    `X0 RESERVE ${lit('user.bob.Sent')} ${lit('be1!default')}\r\n`,
    { kind: 'RESERVE', name: 'user.bob.Sent', location: 'be1!default' },
  ],
  [
    `X1 ACTIVATE ${lit('user.a\r\nb {3+}')} ${lit('be1!p')} ${lit('bob\tlrs\t')}\r\n`,
    { kind: 'ACTIVATE', name: 'user.a\r\nb {3+}', location: 'be1!p', acl: 'bob\tlrs\t' },
  ],
  ['X2 deactivate "user.q\\"uoted" {5}\r\nbe1!p\r\n', { kind: 'DEACTIVATE', name: 'user.q"uoted', location: 'be1!p' }],
  [`X3 FIND ${lit('user.caf\xc3\xa9')}\r\n`, { kind: 'FIND', name: 'user.caf\xc3\xa9' }],
  [`X4 LIST ${lit('be1!')}\r\n`, { kind: 'LIST', locationPrefix: 'be1!' }],
  [`X5 DELETE ${lit('user.bob.Sent')}\r\n`, { kind: 'DELETE', name: 'user.bob.Sent' }],
  ['X6 NOOP\n', { kind: 'NOOP' }],
  [
    `X7 ACTIVATE ${lit('user.x')} ${lit('be1!p')} ${lit('')}\r\n`,
    { kind: 'ACTIVATE', name: 'user.x', location: 'be1!p', acl: '' },
  ],
  ['U01 UPDATE\r\n', { kind: 'UPDATE' }],
  ['Q01 LOGOUT\r\n', { kind: 'LOGOUT' }],
]
const SAID = COMMANDS.map(([wire]) => wire).join('')
const EXPECTED = COMMANDS.map(([, command]) => command)

describe('a telemetry log', () => {
  it.each([1, 5, 4096])('is read wherever its pieces end, in chunks of %i bytes', chunkBytes => {
    for (let at = 1; at < SAID.length; at++) {
      const log = new TelemetryLog().output('A01 OK "Authenticated"\r\n').input(SAID.slice(0, at), SAID.slice(at))
      expect(commandsOf(trace(log.bytes, chunkBytes)), `cut at ${at}`).toEqual(EXPECTED)
    }
  })

  it('is read however many pieces it has', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: SAID.length - 1 }), { maxLength: 40 }),
        fc.nat(50),
        (cuts, more) => {
          const ends = [...cuts.sort((a, b) => a - b), SAID.length]
          const log = new TelemetryLog()
          for (const [i, end] of ends.entries()) log.pass(i % 3 === 0 ? 1 : 0).input(SAID.slice(ends[i - 1] ?? 0, end))
          expect(commandsOf(trace(log.bytes, 1 + more))).toEqual(EXPECTED)
        },
      ),
    )
  })

  it('is read where replies go out in the middle of a command', () => {
    const [first, ...others] = COMMANDS.map(([wire]) => wire)
    const rest = others.join('')
    for (let at = 0; at < rest.length; at++) {
      const log = new TelemetryLog()
        .input(first + rest.slice(0, at))
        .output('X0 OK "do', 'ne"\r\n')
        .pass(1)
        .input(rest.slice(at))
      const { steps } = trace(log.bytes)
      expect(
        steps.map(({ command }) => command),
        `cut at ${at}`,
      ).toEqual(EXPECTED)
      expect(steps[0]!.answer).toBe('OK')
    }
  })

  it('of a name that looks like a marker is read wherever a buffer of 4,096 bytes ends', () => {
    const names = [
      'user.<1700000000<xyz',
      '<1700000000<',
      '>1700000001>',
      'user.<1699999999<',
      'user.<1700000000<1700000000<a',
      'a>1700000000><1700000000<b',
    ]
    for (const name of names) {
      const wire = `X1 RESERVE ${lit(name)} ${lit('be1!p')}\r\n`
      for (let at = 0; at <= wire.length; at++) {
        const padding = `X0 FIND ${lit('u'.repeat(4096 - at - 19))}\r\n`
        expect(padding).toHaveLength(4096 - at)
        const log = new TelemetryLog()
          .input(...[padding + wire.slice(0, at), wire.slice(at)].filter(piece => piece !== ''))
          .output(`X0 OK "Search completed"\r\nX1 OK "done"\r\n`)
          .input(`X2 DELETE ${lit(name)}\r\n`)
          .output('X2 OK "done"\r\n')
        const [, ...steps] = trace(log.bytes, 1000).steps
        expect(steps, `${name} cut at ${at}`).toMatchObject([
          { command: { kind: 'RESERVE', name, location: 'be1!p' }, answer: 'OK' },
          { command: { kind: 'DELETE', name }, answer: 'OK' },
        ])
      }
    }
  })

  it('of a name that looks like a later marker is read wherever it is cut, since time does not go back', () => {
    const name = 'user.<1700000001<xyz'
    const wire = `X1 RESERVE ${lit(name)} ${lit('be1!p')}\r\n`
    for (let at = 1; at < wire.length; at++) {
      const log = new TelemetryLog().input(wire.slice(0, at), wire.slice(at)).output('X1 OK "done"\r\n')
      expect(commandsOf(trace(log.bytes)), `cut at ${at}`).toEqual([{ kind: 'RESERVE', name, location: 'be1!p' }])
    }
  })

  it('of lists with such names is read wherever they are cut', () => {
    const record = `U01 MAILBOX ${lit('user.<1700000000<x')} ${lit('be1!p')} ${lit('a\tlrs\t')}\r\n`
    const list = `${record.repeat(3)}U01 OK "streaming starts"\r\n`
    for (let at = 1; at < list.length; at++) {
      const log = new TelemetryLog()
        .input('U01 UPDATE\r\n')
        .output(list.slice(0, at))
        .output(list.slice(at))
        .pass(20)
        .input('N1 NOOP\r\n')
        .output(record, 'N1 OK "Noop done"\r\n')
      const { steps, endS } = trace(log.bytes, 64)
      expect(steps, `cut at ${at}`).toMatchObject([
        { command: { kind: 'UPDATE' }, atS: 1_700_000_000, answer: 'OK' },
        { command: { kind: 'NOOP' }, atS: 1_700_000_020, answer: 'OK' },
      ])
      expect(endS).toBe(1_700_000_020)
    }
  })

  it('that was cut off loses the end of what was said, and says so', () => {
    const { bytes } = new TelemetryLog().input(SAID)
    const head = bytes.indexOf('<')
    let commands = 0
    for (let end = head; end <= bytes.length; end++) {
      const cut = trace(bytes.subarray(0, end))
      expect(commandsOf(cut), `${end} bytes`).toEqual(EXPECTED.slice(0, cut.steps.length))
      expect(cut.steps.length).toBeGreaterThanOrEqual(commands)
      commands = cut.steps.length
    }
    expect(commands).toBe(EXPECTED.length)
    expect(trace(bytes).leftOut).toEqual(new Map())
    expect(trace(bytes.subarray(0, -3)).leftOut).toEqual(new Map([['cut off at the end of its log', 1]]))
  })

  it('tells what was sent before all was answered', () => {
    const log = new TelemetryLog()
      .output('A01 OK "Authenticated"\r\n')
      .input('X0 NOOP\r\n')
      .output('X0 OK "Noop done"\r\n')
      .input('X1 NOOP\r\nX2 NO')
      .output('X1 OK "Noop done"\r\n')
      .input('OP\r\n')
      .output('X2 OK "Noop done"\r\n')
      .input('X3 NOOP\r\n')
    const { steps } = trace(log.bytes)
    expect(steps.map(({ isPipelined }) => isPipelined)).toEqual([false, false, true, false])
    expect(steps.map(({ answer }) => answer)).toEqual(['OK', 'OK', 'OK', undefined])
  })

  it('counts what is no part of a replay', () => {
    const log = new TelemetryLog()
      .input('C1 COMPRESS "DEFLATE"\r\n')
      .output('C1 OK DEFLATE active\r\n')
      .input('FOO\r\n', 'X0 BAR baz\r\n')
      .output('* BAD "Need command"\r\nX0 BAD "Unrecognized command"\r\n')
      .input('X1 NOOP\r\n')
      .output('X1 OK "Noop done"\r\n')
    const { steps, leftOut } = trace(log.bytes)
    expect(steps).toMatchObject([{ command: { kind: 'NOOP' }, answer: 'OK' }])
    expect(leftOut).toEqual(
      new Map([
        ['COMPRESS', 1],
        ['no command', 2],
      ]),
    )
  })

  it('begins when its name says, unless that is another time', () => {
    const { bytes } = new TelemetryLog().pass(5).input('X0 NOOP\r\n')
    expect(trace(bytes, 99, 1_700_000_003.25)).toMatchObject({ startS: 1_700_000_003.25, endS: 1_700_000_005 })
    expect(trace(bytes, 99, 1_700_000_005.75)).toMatchObject({
      startS: 1_700_000_005.75,
      steps: [{ atS: 1_700_000_005.75 }],
    })
    expect(trace(bytes, 99, 1_600_000_000.5)).toMatchObject({ startS: 1_700_000_005, steps: [{ atS: 1_700_000_005 }] })
  })

  it('goes on where a clock was set back', () => {
    const log = new TelemetryLog().input('X0 NOOP\r\n').pass(-5).input('X1 DELETE {3+}\r\nu', '.a\r\n')
    expect(trace(log.bytes).steps.map(({ atS }) => atS)).toEqual([1_700_000_000, 1_700_000_000])
  })

  it.each([
    ['nothing', ''],
    ['something else', '{"a": 1}\n'],
    ['the beginning of one', '---------- murder Tue'],
    ['a long line', `---------- ${'x'.repeat(5000)}`],
  ])('is not %s', (_what, text) => {
    expect(() => trace(Buffer.from(text), 7)).toThrow(
      expect.objectContaining<Partial<HarnessError>>({
        code: 'RESULTS',
        message: expect.stringContaining('no telemetry log'),
      }),
    )
  })
})
