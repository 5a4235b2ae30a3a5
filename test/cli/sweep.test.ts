import { describe, expect, it } from 'vitest'
import { parseSweep } from '../../src/cli/sweep.js'

describe('a sweep', () => {
  it.each([
    ['slaves=10..50:20', 'slaves.count', [10, 30, 50]],
    ['slaves=10..15:20', 'slaves.count', [10]],
    ['site.mailboxes=0..70', 'site.mailboxes', [0, 10, 20, 30, 40, 50, 60, 70]],
    ['slaves=1..3', 'slaves.count', [1, 2, 3]],
    ['slaves.retryDelay=2s,4s', 'slaves.retryDelay', ['2s', '4s']],
    ['kicks=0.5..1:0.25', 'kicks.rate', [0.5, 0.75, 1]],
  ])('%s', (text, path, values) => {
    expect(parseSweep(text)).toEqual({ path, values })
  })

  it.each(['slaves', 'slaves=', '=1..2', 'slaves=5..1', 'slaves=1..5:0', 'slaves=1..1000:1'])('not %s', text => {
    expect(() => parseSweep(text)).toThrow(/--sweep/)
  })
})
