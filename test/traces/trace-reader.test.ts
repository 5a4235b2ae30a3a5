import { describe, expect, it } from 'vitest'
import { Expectation } from '../../src/traces/expectation.js'
import type { TraceLine } from '../../src/traces/trace-line.js'
import { isTrace, TraceReader } from '../../src/traces/trace-reader.js'

const HEADER = {
  schema: 'mupdate-bench/trace/1',
  harnessVersion: '0.1.0',
  startedAt: '2026-11-30T18:00:00.250Z',
  madeBy: 'record',
  master: 'm:3905',
  refused: [],
  struck: true,
  records: 'every',
}
const STARTED_S = Date.parse(HEADER.startedAt) / 1000

function read(lines: readonly (TraceLine | string)[], size = 1 << 20) {
  const text = [HEADER, ...lines].map(line => (typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)).join('')
  const bytes = Buffer.from(text)
  const expectation = new Expectation()
  const reader = new TraceReader('a.ndjson', expectation)
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
  return { traces: reader.end(), before: [...expectation.mailboxes()] }
}

const says = (atUs: number, connection: number, tag: string, verb: string, ...said: string[]): TraceLine => ({
  atUs,
  connection,
  from: 'client',
  tag,
  verb,
  ...(said.length > 0 ? { arguments: said } : {}),
  residenceUs: 12.5,
})
const answers = (atUs: number, connection: number, tag: string, verb: string, ...said: string[]): TraceLine => ({
  ...says(atUs, connection, tag, verb, ...said),
  from: 'master',
})
const opened = (atUs: number, connection: number): TraceLine => ({ atUs, connection, event: 'opened' })

const NAME = 'user.b\xc3\xa2t'
const LINES: readonly TraceLine[] = [
  opened(1000, 1),
  answers(1100, 1, '*', 'OK', 'MUPDATE'),
  says(1200, 1, 'A01', 'AUTHENTICATE', 'PLAIN'),
  { atUs: 1250, connection: 1, from: 'client', secret: true },
  opened(1300, 2),
  answers(1400, 1, 'A01', 'OK'),
  says(2_000_001, 1, 'X0', 'RESERVE', NAME, 'be1!p'),
  says(2_000_003, 1, 'X1', 'FIND', 'user.a'),
  answers(2_000_500, 1, 'X0', 'OK', 'done'),
  answers(2_000_600, 1, 'X1', 'MAILBOX', 'user.a', 'be2!q', 'a\tl\t'),
  answers(2_000_601, 1, 'X1', 'OK', 'done'),
  says(2_000_700, 2, 'X0', 'DELETE', 'user.old'),
  { atUs: 2_000_800, connection: 2, from: 'client', undecoded: 9 },
  answers(2_000_900, 2, 'X0', 'OK'),
  { atUs: 2_100_000, connection: 3, event: 'unreachable', error: 'no' },
  { atUs: 3_000_000, connection: 1, from: 'master', tag: 'U01', records: 7, bytes: 700 },
  { atUs: 5_000_000, connection: 1, event: 'closed', by: 'client' },
]

describe('TraceReader', () => {
  it.each([1, 13, 1 << 20])('reads what each connection said and when, to the µs, in pieces of %s bytes', size => {
    const { traces, before } = read(LINES, size)
    const at = (us: number) => expect.closeTo(STARTED_S + us / 1e6, 6)
    expect(traces).toEqual([
      {
        path: 'a.ndjson, connection 1',
        startS: at(1000),
        endS: at(5_000_000),
        isExact: true,
        leftOut: new Map([['AUTHENTICATE', 1]]),
        steps: [
          {
            atS: at(2_000_001),
            isPipelined: false,
            answer: 'OK',
            command: { kind: 'RESERVE', name: NAME, location: 'be1!p' },
          },
          { atS: at(2_000_003), isPipelined: true, answer: 'OK', command: { kind: 'FIND', name: 'user.a' } },
        ],
      },
      {
        path: 'a.ndjson, connection 2',
        startS: at(1300),
        endS: at(2_000_900),
        isExact: true,
        leftOut: new Map([['no command', 1]]),
        steps: [
          { atS: at(2_000_700), isPipelined: false, answer: 'OK', command: { kind: 'DELETE', name: 'user.old' } },
        ],
      },
    ])
    expect(before.map(({ name, location }) => `${name} ${location}`).sort()).toEqual([
      'user.a be2!q',
      'user.old replayed.invalid!default',
    ])
  })

  it('what a list shows before a command of the same second was there before it', () => {
    const { before } = read([
      says(1, 1, 'U01', 'UPDATE'),
      answers(2, 1, 'U01', 'MAILBOX', 'user.a', 'be1!p', 'a\tl\t'),
      says(3, 2, 'X0', 'RESERVE', 'user.a', 'be1!p'),
      answers(4, 2, 'X0', 'OK'),
    ])
    expect(before).toEqual([{ name: 'user.a', location: 'be1!p', acl: 'a\tl\t', state: 'active' }])
  })

  it('a trace that was cut off ends with its last whole line', () => {
    expect(read([...LINES.slice(0, 9), '{"atUs":2000600,"conn']).traces[0]!.steps).toHaveLength(2)
  })

  it('names the line that is none', () => {
    const odd = () => read([...LINES, '{"atUs":1}\n'])
    expect(odd).toThrowError(/^a\.ndjson, line 19: it is none of mupdate-bench\/trace\/1$/)
  })

  it('tells a trace from other files by its beginning', () => {
    expect(isTrace(Buffer.from(JSON.stringify(HEADER)))).toBe(true)
    expect(isTrace(Buffer.from('{"schema":"mupdate-bench/run/1"'))).toBe(false)
    expect(isTrace(Buffer.from('---------- murder'))).toBe(false)
  })
})
