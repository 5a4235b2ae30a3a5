import { describe, expect, it } from 'vitest'
import { Frame } from '../../src/cli/frame.js'
import { Screen } from './screen.js'

describe('a frame', () => {
  it('is replaced in place, under what stays', () => {
    const screen = new Screen(20)
    const frame = new Frame(screen)
    screen.write('before\n')
    frame.draw(['one', 'two'])
    frame.above('said')
    frame.draw(['three'])
    expect(screen.text).toEqual(['before', 'said', 'three'])
    frame.clear()
    expect(screen.text).toEqual(['before', 'said'])
  })

  it('leaves nothing behind in a terminal that became narrower, or wider', () => {
    const screen = new Screen(20)
    const frame = new Frame(screen)
    screen.write('before\n')
    frame.draw(['x'.repeat(19), 'y'.repeat(12), ''])
    screen.resize(10)
    frame.draw(['short'])
    expect(screen.text).toEqual(['before', 'short'])
    screen.resize(40)
    frame.draw(['z'.repeat(39)])
    expect(screen.text).toEqual(['before', 'z'.repeat(39)])
  })

  it('counts what colours and wide signs take', () => {
    const screen = new Screen(12)
    const frame = new Frame(screen)
    frame.draw(['\x1b[31m漢字漢字漢\x1b[39m'])
    screen.resize(6)
    frame.draw(['end'])
    expect(screen.text).toEqual(['end'])
  })
})
