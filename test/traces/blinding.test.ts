import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BannerFilter } from '../../src/traces/banner-filter.js'
import { CommandGate } from '../../src/traces/command-gate.js'
import { lit } from '../support/telemetry-log.js'

/** All that is passed on of pieces that end where `cuts` say, and what of it has been held until the end. */
function passed(filter: { pass(chunk: Buffer): Uint8Array; end(): Uint8Array }, text: string, cuts: readonly number[]) {
  const bytes = Buffer.from(text, 'latin1')
  const ends = [...cuts.filter(cut => cut < bytes.length).sort((a, b) => a - b), bytes.length]
  let out = ''
  for (const [i, end] of ends.entries())
    out += Buffer.from(filter.pass(bytes.subarray(ends[i - 1] ?? 0, end))).toString('latin1')
  const held = Buffer.from(filter.end()).toString('latin1')
  return { out: out + held, held }
}

const everyCut = (text: string) => Array.from({ length: text.length }, (_, i) => [i])

describe('BannerFilter', () => {
  const BANNER = `* AUTH "PLAIN"\r\n* STARTTLS\r\n* compress "DEFLATE"\r\n* OK MUPDATE ${lit('a\r\n* STARTTLS\r\n')} "x"\r\n`
  const STRUCK = BANNER.replace('* STARTTLS\r\n', '').replace('* compress "DEFLATE"\r\n', '')
  const LATER = 'A01 OK "x"\r\n* STARTTLS\r\nU01 MAILBOX {3+}\r\n'

  it('takes out what blinds, and nothing else, wherever chunks break', () => {
    for (const cuts of [[], ...everyCut(BANNER + LATER)])
      expect(passed(new BannerFilter(), BANNER + LATER, cuts)).toEqual({ out: STRUCK + LATER, held: '' })
  })

  it.each(['HTTP/1.1 400 Bad Request\r\n', '\x15\x03\x03 * STARTTLS\r\n', '* STARTTLS', '*', '\r\n* STARTTLS\r\n'])(
    'leaves %j as it is',
    text => {
      for (const cuts of everyCut(text)) expect(passed(new BannerFilter(), text, cuts).out).toBe(text)
    },
  )

  it('holds no more than a line', () => {
    const long = `* ${'x'.repeat(1 << 20)}`
    const filter = new BannerFilter()
    expect(filter.pass(Buffer.from(long)).length).toBe(long.length)
    expect(filter.pass(Buffer.from('* STARTTLS\r\n')).length).toBe(12)
  })
})

/** As a filter, for {@link passed}. */
function gate() {
  const gate = new CommandGate()
  const refused: string[] = []
  return {
    refused,
    pass(chunk: Buffer) {
      const { bytes, refused: some } = gate.pass(chunk)
      refused.push(...some.map(({ tag, verb }) => `${tag} ${verb}`))
      return bytes
    },
    end: () => gate.end(),
  }
}

describe('CommandGate', () => {
  const BEFORE = `A01 AUTHENTICATE "PLAIN" ${lit('X STARTTLS\r\n')}\r\nX0 NOOP\r\nSTARTTLS x\r\n`
  const AFTER = `X3 ACTIVATE ${lit('COMPRESS')} ${lit('a!b')} ${lit('')}\r\nS1 STARTTLSX\r\nQ01 LOGOUT\r\n`
  const ALL = `${BEFORE}S1 starttls\r\n${AFTER}C1 COMPRESS "DEFLATE"\r\n${AFTER}`

  it('keeps from the master what blinds, and nothing else, wherever chunks break', () => {
    for (const cuts of [[], ...everyCut(ALL), Array.from({ length: ALL.length }, (_, i) => i)]) {
      const filter = gate()
      expect(passed(filter, ALL, cuts)).toEqual({ out: BEFORE + AFTER + AFTER, held: '' })
      expect(filter.refused).toEqual(['S1 STARTTLS', 'C1 COMPRESS'])
    }
  })

  it.each(['X1 NOOP', 'X1 S2', 'dGVzdA==\r\n', '"q', 'X1 COMPRESSED', '{5+}\r\nX1 ST', `${'t'.repeat(300)} `])(
    'holds nothing of %j',
    text => expect(gate().pass(Buffer.from(text)).length).toBe(text.length),
  )

  it('passes on any other bytes as they are, when the client ends at the latest', () => {
    const word = fc.constantFrom(
      'X1',
      ' ',
      '\r\n',
      'NOOP',
      '"',
      '{3+}\r\n',
      '{3}\r\n',
      'START',
      'COMP',
      '\0',
      'é',
      '\\',
    )
    const text = fc.array(fc.oneof(word, fc.string({ maxLength: 4 })), { maxLength: 30 }).map(words => words.join(''))
    const isPlain = (text: string) => !/STARTTLS|COMPRESS/i.test(text)
    fc.assert(
      fc.property(text.filter(isPlain), fc.array(fc.nat(60), { maxLength: 8 }), (text, cuts) => {
        const latin1 = Buffer.from(text).toString('latin1')
        expect(passed(gate(), latin1, cuts).out).toBe(latin1)
      }),
    )
  })

  it('holds nothing of what is hidden, and of what follows', () => {
    const filter = gate()
    for (const piece of ['\0\0\0\x09abcd', '\nAB', '\nX1 START', 'TLS\r\n'])
      expect(filter.pass(Buffer.from(piece)).length).toBe(piece.length)
    expect(filter.refused).toEqual([])
  })

  it('behind what is longer than any line it passes on all', () => {
    const filter = gate()
    const text = `X1 FIND {99999999+}\r\nX2 STARTTLS\r\n`
    expect(passed(filter, text, [5, 25])).toEqual({ out: text, held: '' })
    expect(filter.refused).toEqual([])
  })
})
