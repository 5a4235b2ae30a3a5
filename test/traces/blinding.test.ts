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

/** As a filter, for {@link passed}; what the master has said is the same all the time. */
function gate(heard = { isLoggedIn: false, goneAhead: 0, challenges: 0 }) {
  const gate = new CommandGate()
  const all = { replies: [] as string[], isBlinded: false }
  return {
    all,
    pass(chunk: Buffer) {
      const { bytes, replies, isBlinded } = gate.pass(chunk, heard)
      all.replies.push(...replies.map(({ tag, verb, goAhead }) => (goAhead ? `+ ${tag}` : `${tag} ${verb}`)))
      all.isBlinded = isBlinded
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
      expect(filter.all).toEqual({ replies: ['S1 STARTTLS', 'C1 COMPRESS'], isBlinded: false })
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

  it.each([
    { isLoggedIn: true, first: '\0\0\0\x09abcd' },
    { isLoggedIn: false, first: '\x16\x03\x01abcd' },
  ])('holds nothing of what is hidden, and of what follows: $first', ({ isLoggedIn, first }) => {
    const filter = gate({ isLoggedIn, goneAhead: 0, challenges: 0 })
    for (const piece of [first, '\nAB', '\nX1 START', 'X\r\n'])
      expect(filter.pass(Buffer.from(piece)).length).toBe(piece.length)
    expect(filter.all).toEqual({ replies: [], isBlinded: false })
  })

  it.each(['\x01junk\r\n', '\0\r\n', 'X1 FLY "\r\n', 'X1 FIND "a\r\n', '{\r\n', 'é{x}\r\n', 'X1 NOOP "\\" x\\\r\n'])(
    'knows the next line behind %j, as masters do',
    before => {
      for (const cuts of everyCut(`${before}S1 STARTTLS\r\nX2 NOOP\r\n`)) {
        const filter = gate()
        expect(passed(filter, `${before}S1 STARTTLS\r\nX2 NOOP\r\n`, cuts).out).toBe(`${before}X2 NOOP\r\n`)
        expect(filter.all).toEqual({ replies: ['S1 STARTTLS'], isBlinded: false })
      }
    },
  )

  // Where Cyrus ends the line, or may, and the literal or the quote would go on.
  it.each([
    'X1 FIND {99999999+}\r\n',
    'X1 NOOP {13}\r\n',
    '{20+}\r\n',
    'X1 {20+}\r\n',
    'X1 NOOP {20+}\n',
    'X1 FIND x{3+}\r\n',
    'X1 NOOP {+}\r\n',
    'X1 NOOP {9+}\rx\r\n',
    'X1 FIND "a\\\n',
    `X1 RESERVE ${lit('a')} "b\\\n`,
    `X1 RESERVE ${lit('a')} x{20+}\r\n`,
  ])('lets no STARTTLS pass behind %j, and says so', before => {
    const text = `${before}S1 STARTTLS\r\nX2 NOOP\r\n`
    const command = text.indexOf('STARTTLS')
    for (const cuts of everyCut(text)) {
      const filter = gate()
      const { out } = passed(filter, text, cuts)
      expect(text.startsWith(out)).toBe(true)
      expect(out.length).toBeLessThanOrEqual(command + 'STARTTLS'.length)
      expect(filter.all.isBlinded).toBe(true)
    }
  })

  it('behind a tag of which the master has the beginning neither', () => {
    const filter = gate()
    const tag = 't'.repeat(300)
    expect(passed(filter, `${tag} STARTTLS\r\nX2 NOOP\r\n`, [299]).out).toBe(tag.slice(0, 299))
    expect(filter.all.isBlinded).toBe(true)
  })

  it('STARTTLS with a NUL behind it, which is one to Cyrus, does not pass', () => {
    expect(passed(gate(), 'S1 STARTTLS\0x\r\n', []).out).toBe('')
  })

  it('a name in a literal is a name, also in one that the master has waited for', () => {
    const heard = { isLoggedIn: true, goneAhead: 0, challenges: 0 }
    const filter = gate(heard)
    let out = Buffer.from(filter.pass(Buffer.from('X1 FIND {13}\r\n'))).toString()
    heard.goneAhead++
    out += Buffer.from(filter.pass(Buffer.from('S1 STARTTLS\r\n\r\nS2 STARTTLS\r\n'))).toString()
    expect(out).toBe('X1 FIND {13}\r\nS1 STARTTLS\r\n\r\n')
    expect(filter.all).toEqual({ replies: ['S2 STARTTLS'], isBlinded: false })
  })

  it('a literal is the response to a challenge, and behind that the next line is known', () => {
    const response = `${lit('S1 STARTTLS\r\n')}\r\n`
    const filter = gate({ isLoggedIn: false, goneAhead: 0, challenges: 1 })
    expect(passed(filter, `${response}S2 STARTTLS\r\n`, []).out).toBe(response)
    expect(filter.all).toEqual({ replies: ['S2 STARTTLS'], isBlinded: false })
    // To which there has been none it is not.
    expect(filter.pass(Buffer.from(`${response}S3 STARTTLS\r\n`)).toString()).toBe('{13+}\r\n')
    expect(filter.all.isBlinded).toBe(true)
  })

  it('goes ahead with the literal of what it refuses, as a master would, and refuses then', () => {
    const filter = gate()
    expect(filter.pass(Buffer.from('Z01 COMPRESS {7}\r\n')).length).toBe(0)
    expect(filter.all.replies).toEqual(['+ Z01'])
    expect(filter.pass(Buffer.from('DEFLATE\r\nX1 NOOP\r\n')).toString()).toBe('X1 NOOP\r\n')
    expect(filter.all).toEqual({ replies: ['+ Z01', 'Z01 COMPRESS'], isBlinded: false })
  })
})
