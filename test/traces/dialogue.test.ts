import { describe, expect, it } from 'vitest'
import { Dialogue } from '../../src/traces/dialogue.js'
import type { TraceLine } from '../../src/traces/trace-line.js'
import { lit } from '../support/telemetry-log.js'

type Said = readonly [from: 'client' | 'master', bytes: string]

/** What is told of a dialogue whose pieces come in so many bytes at a time. */
function told(said: readonly Said[], { everyRecord = false, size = 1 << 20 } = {}): TraceLine[] {
  const lines: TraceLine[] = []
  const dialogue = new Dialogue({ connection: 1, everyRecord, onLine: line => lines.push(line) })
  for (const [from, text] of said) {
    const bytes = Buffer.from(text, 'latin1')
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size)
      if (from === 'client') dialogue.fromClient(piece, { atUs: 5 })
      else dialogue.fromMaster(piece, { atUs: 5 })
    }
  }
  dialogue.end(5)
  return lines
}

/** `C X0 NOOP`, `M U01 5 records, 300 bytes`, `C (secret)`. */
function words(lines: readonly TraceLine[]): string[] {
  return lines.map(line => {
    if ('event' in line) return line.event
    const from = line.from === 'client' ? 'C' : 'M'
    if ('secret' in line) return `${from} (secret)`
    if ('undecoded' in line) return `${from} ${line.undecoded} undecoded`
    if ('records' in line) return `${from} ${line.tag} ${line.records} records, ${line.bytes} bytes`
    return [from, line.tag, line.verb, ...(line.arguments ?? [])].join(' ')
  })
}

const BANNER =
  '* AUTH "PLAIN" "SCRAM-SHA-256"\r\n* STARTTLS\r\n* OK MUPDATE "m.example.com" "Cyrus IMAP" "3.6.1" "(master)"\r\n'
const LOGIN: readonly Said[] = [
  ['master', BANNER],
  ['client', `A01 AUTHENTICATE "PLAIN" ${lit('AGJvYgBzZWNyZXQ=')}\r\n`],
  ['master', 'A01 OK "Authenticated"\r\n'],
]
const LOGGED_IN = [
  'M * AUTH PLAIN SCRAM-SHA-256',
  'M * STARTTLS',
  'M * OK MUPDATE m.example.com Cyrus IMAP 3.6.1 (master)',
  'C A01 AUTHENTICATE PLAIN',
  'M A01 OK',
]
const NAME = 'user.b\xc3\xa2t {3+}\r\n "x\\'
const RECORD = `U01 MAILBOX ${lit(NAME)} ${lit('be1!p')} ${lit('bob\tlrs\t')}\r\n`

const DAY: readonly Said[] = [
  ...LOGIN,
  ['client', `X0 RESERVE ${lit(NAME)} ${lit('be1!p')}\r\nX1 find "user.\\"q"\r\n`],
  ['master', `X0 OK "done"\r\nX1 NO "nothing"\r\n`],
  ['client', 'U01 UPDATE\r\n'],
  ['master', `${RECORD.repeat(3)}U01 RESERVE ${lit('a')} ${lit('b!c')}\r\nU01 OK "streaming starts"\r\n`],
  ['client', 'N1 NOOP\r\n'],
  ['master', `U01 DELETE ${lit(NAME)}\r\nN1 OK "Noop done"\r\n`],
  ['client', 'Q01 LOGOUT\r\n'],
  ['master', '* BYE "bye"\r\n'],
]
const DAY_TOLD = [
  ...LOGGED_IN,
  `C X0 RESERVE ${NAME} be1!p`,
  'C X1 FIND user."q',
  'M X0 OK done',
  'M X1 NO nothing',
  'C U01 UPDATE',
  `M U01 4 records, ${3 * RECORD.length + 31} bytes`,
  'M U01 OK streaming starts',
  'C N1 NOOP',
  `M U01 DELETE ${NAME}`,
  'M N1 OK Noop done',
  'C Q01 LOGOUT',
  'M * BYE bye',
]

describe('Dialogue', () => {
  it.each([1, 2, 3, 7, 64, 100_000])('tells the same of pieces of %s bytes', size => {
    expect(words(told(DAY, { size }))).toEqual(DAY_TOLD)
  })

  it('tells each record of a list where that is asked for', () => {
    const lines = words(told(DAY, { everyRecord: true }))
    expect(lines.filter(line => line === `M U01 MAILBOX ${NAME} be1!p bob\tlrs\t`)).toHaveLength(3)
    expect(lines).toContain('M U01 RESERVE a b!c')
  })

  it('a list that goes on is told of each second', () => {
    const lines: TraceLine[] = []
    const dialogue = new Dialogue({ connection: 1, everyRecord: false, onLine: line => lines.push(line) })
    for (const [from, text] of LOGIN)
      dialogue[from === 'client' ? 'fromClient' : 'fromMaster'](Buffer.from(text, 'latin1'), { atUs: 0 })
    dialogue.fromClient(Buffer.from('U01 UPDATE\r\n'), { atUs: 0 })
    lines.length = 0
    for (let atUs = 0; atUs < 2_500_000; atUs += 100_000) dialogue.fromMaster(Buffer.from(RECORD, 'latin1'), { atUs })
    expect(lines.map(line => 'records' in line && line.records)).toEqual([11, 11])
    dialogue.end(2_500_000)
    expect(lines).toHaveLength(3)
  })

  const password = 'aGVtbGlnaGVpbQ=='
  // Challenges are bare lines (imap/saslserver.c).
  const scram: readonly Said[] = [
    ['client', 'A01 AUTHENTICATE "SCRAM-SHA-256"\r\n'],
    ['master', '\r\n'],
    ['client', `${password}\r\n`],
    ['master', `${password}\r\n+ ${password}\r\n`],
    ['client', `${lit(password)}\r\n`],
  ]
  it.each<{ what: string; said: readonly Said[]; after: string[] }>([
    {
      what: 'an initial response',
      said: [['client', `A01 AUTHENTICATE "PLAIN" "${password}"\r\n`]],
      after: ['C A01 AUTHENTICATE PLAIN'],
    },
    {
      what: 'one in a literal that waits, with an atom for the mechanism',
      said: [['client', `A01 authenticate plain {${password.length}}\r\n${password}\r\n`]],
      after: ['C A01 AUTHENTICATE PLAIN'],
    },
    {
      what: 'challenges, responses and what comes with the OK',
      said: [...scram, ['master', `A01 OK "${password}"\r\n`]],
      after: ['C A01 AUTHENTICATE SCRAM-SHA-256', 'M (secret)', 'C (secret)', 'M A01 OK'],
    },
    {
      what: 'a response in the place of a mechanism',
      said: [['client', `A01 AUTHENTICATE "${password}"\r\n`]],
      after: ['C A01 AUTHENTICATE'],
    },
    {
      what: 'a response without a tag, or without a login',
      said: [['client', `AUTHENTICATE "PLAIN" "${password}"\r\n${password}\r\nX1 ${password}\r\n`]],
      after: ['C (secret)', 'C (secret)', 'C (secret)'],
    },
    {
      what: 'what a master repeats',
      said: [
        ['client', `A01 AUTHENTICATE "PLAIN" "${password}"\r\n`],
        ['master', `A01 NO "no ${password}"\r\n* BAD "${password}"\r\nX BAD "${password}"\r\n`],
      ],
      after: ['C A01 AUTHENTICATE PLAIN', 'M A01 NO', 'M * BAD', 'M X BAD'],
    },
    {
      what: 'a response that stands where a tag does',
      said: [
        ['client', `${password} NOOP\r\n${password} FLY\r\nA01 AUTHENTICATE "PLAIN"\r\n${password} NOOP\r\n`],
        ['client', `X0 FIND "${password}"\r\nX1 UPDATE\r\n${password} STARTTLS\r\n.${password} FLY\r\n`],
        ['master', `${password} BAD "Please login first"\r\nA01 OK "Authenticated"\r\n${password} OK "x"\r\n`],
        ['master', `.${password} BAD "Unrecognized"\r\nX1 MAILBOX ${lit(password)} ${lit('a!b')} ${lit('')}\r\n`],
        ['client', 'X2 NOOP\r\n'],
      ],
      after: ['C (secret)', 'C A01 AUTHENTICATE PLAIN', 'M (secret)', 'M A01 OK', 'C X2 NOOP'],
    },
    {
      what: 'half of a login, when the connection ends',
      said: [['client', `A01 AUTHENTICATE "PLAIN" {${password.length + 3}+}\r\n${password}`]],
      after: ['C (secret)'],
    },
    {
      what: 'a quote that is not closed',
      said: [['client', `A01 AUTHENTICATE "PLAIN" "${password}\r\n`]],
      after: ['C (secret)'],
    },
    {
      what: 'a response longer than any line',
      said: [['client', `A01 AUTHENTICATE "PLAIN" {9999999+}\r\n${password.repeat(9)}`]],
      after: ['C (secret)', 'C (secret)'],
    },
  ])('leaves out $what, and its length', ({ said, after }) => {
    for (const size of [1, 5, 1 << 20]) {
      const lines = told([['master', BANNER], ...said], { size })
      const text = JSON.stringify(lines)
      for (const secret of [password, Buffer.from(password, 'base64').toString(), String(password.length)])
        expect(text).not.toContain(secret)
      expect(new Set(words(lines).slice(3))).toEqual(new Set(after))
    }
  })

  it('a second login on a connection is left out as the first', () => {
    const lines = words(told([...LOGIN, ...scram, ['master', 'A01 OK "x"\r\n'], ['client', 'N NOOP\r\n']]))
    expect(lines.filter(line => line.includes('secret'))).toHaveLength(5)
    expect(lines.at(-1)).toBe('C N NOOP')
    expect(words(told([...LOGIN, ['client', `A02 AUTHENTICATE "PLAIN" "${password}\r\n`]])).at(-1)).toBe('C (secret)')
  })

  it('what cannot be decoded is counted, and what follows told', () => {
    const lines = told([
      ...LOGIN,
      ['client', 'X0 NOOP "too" "many"\r\nX1 FLY\r\n\r\nX2 NOOP\r\n'],
      ['master', 'nonsense\r\nX2 OK "x"\r\n'],
    ])
    expect(words(lines).slice(LOGGED_IN.length)).toEqual([
      'C 22 undecoded',
      'C 8 undecoded',
      'C 2 undecoded',
      'C X2 NOOP',
      'M 10 undecoded',
      'M X2 OK x',
    ])
  })

  it('behind a security layer all is counted', () => {
    const hidden = '\0\0\0\x10X1 NOOP\r\nabcd\r\n'
    const lines = words(
      told([...LOGIN, ['client', hidden], ['master', hidden], ['client', hidden], ['master', hidden]]),
    )
    expect(lines.slice(LOGGED_IN.length)).toEqual([
      'C 19 undecoded',
      'M 19 undecoded',
      'C 19 undecoded',
      'M 19 undecoded',
    ])
  })

  it('behind what is longer than any line all bytes of that side are counted, and the other is told', () => {
    const lines = told(
      [...LOGIN, ['client', 'X0 FIND {99999999+}\r\n'], ['client', 'X1 NOOP\r\n'], ['master', 'X0 NO "much"\r\n']],
      { size: 16 },
    )
    expect(words(lines).slice(LOGGED_IN.length)).toEqual(['C 16 undecoded', 'M X0 NO much', 'C 14 undecoded'])
  })
})
