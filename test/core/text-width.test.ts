import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clip, printable, widthOf, wrap } from '../../src/core/text-width.js'

/** What each takes on a terminal is known from elsewhere: Unicode's EastAsianWidth.txt, and what terminals draw. */
const SIGNS: readonly [text: string, width: number][] = [
  ['a', 1],
  ['µ', 1],
  ['█', 1],
  ['ﬁ', 1],
  ['漢', 2],
  ['한', 2],
  ['ｱ', 1],
  ['Ａ', 2],
  ['🙂', 2],
  ['e\u0301', 1],
  ['\u200b', 0],
  ['\x1b[31mr\x1b[39m', 1],
]

describe('the width of text', () => {
  it('is what a terminal takes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...SIGNS), { maxLength: 40 }), all => {
        const width = all.reduce((sum, [, columns]) => sum + columns, 0)
        expect(widthOf(all.map(([sign]) => sign).join(''))).toBe(width)
      }),
    )
  })

  it('is cut by just as much as it must be', () => {
    expect(clip('abcdef', 6)).toBe('abcdef')
    expect(clip('abcdefg', 6)).toBe('abcde…')
    expect(clip('漢字漢', 5)).toBe('漢字…')
    // The third would need the last two columns, and one is the mark's.
    expect(clip('漢字漢字', 6)).toBe('漢字…')
    expect(clip('abc', 0)).toBe('')
  })
})

it('what others wrote steers nothing', () => {
  expect(printable('a\x1b[2Jb\r\nc\x9b1A\u2028d')).toBe('a [2Jb  c 1A d')
})

describe('wrapping', () => {
  it('breaks at blanks, and a word only if no line holds it', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', '  three'])
    expect(wrap('one abcdefghijklm two', 8)).toEqual(['one', '  abcdef', '  ghijkl', '  m two'])
    expect(wrap('  slave 3: missing', 12)).toEqual(['  slave 3:', '    missing'])
    expect(wrap('', 8)).toEqual([''])
  })

  it('loses no word, and no line is too long', () => {
    const words = fc.array(fc.constantFrom('a', 'of', 'NOOP', '漢字漢字', 'user.someone.with.a.long.name', '≥900'))
    fc.assert(
      fc.property(words, fc.integer({ min: 6, max: 40 }), (all, columns) => {
        const lines = wrap(all.join(' '), columns)
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns)
        expect(lines.join('').replaceAll(' ', '')).toBe(all.join(''))
      }),
    )
  })
})
