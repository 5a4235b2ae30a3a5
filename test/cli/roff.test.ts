import { describe, expect, it } from 'vitest'
import { roffProse, roffText } from '../../src/cli/roff.js'

describe('roff', () => {
  it.each([
    ['no request', '.so /etc/passwd', '\\&.so /etc/passwd'],
    ['no request in a later line', 'a\n.b', 'a\n\\&.b'],
    ['no request that begins with a quote', "'br", '\\(aqbr'],
    ['no escape', 'a\\fB', 'a\\(rsfB'],
    ['a minus to be copied, no hyphen', '--set', '\\-\\-set'],
    ['quotes as they are', `"it's"`, '\\(dqit\\(aqs\\(dq'],
    ['carets, tildes and backquotes as they are', '^~`', '\\(ha\\(ti\\(ga'],
    ['signs beyond ASCII', '’…𝄞', '\\[u2019]\\[u2026]\\[u1D11E]'],
  ])('%s', (_, text, roff) => expect(roffText(text)).toBe(roff))

  it('fills paragraphs and leaves indented lines alone', () => {
    expect(roffProse('\nExamples:\n  a \\\n    b\n\n  c\n\nOne\n.two')).toEqual(
      [
        ['.PP', 'Examples:'],
        ['.PP', '.RS', '.nf', 'a \\(rs\n  b', '.fi', '.RE'],
        ['.PP', '.RS', '.nf', 'c', '.fi', '.RE'],
        ['.PP', 'One\n\\&.two'],
      ].flat(),
    )
  })
})
