import { describe, expect, it } from 'vitest'
import { boundsOf, evidenceOf, type Tried } from '../../../src/verdict/capacity/evidence.js'

/** `h40` held at 40, `f` failed, `x` the harness was the limit; `H40` in full length; `h40?` by little. */
function trials(text: string): Tried[] {
  return text.split(' ').map(word => {
    const letter = word[0]!
    return {
      value: Number.parseInt(word.slice(1), 10),
      length: letter === letter.toUpperCase() ? 'full' : 'short',
      outcome: ({ h: 'held', f: 'failed', x: 'harness' } as const)[letter.toLowerCase() as 'h' | 'f' | 'x'],
      marginal: word.endsWith('?'),
      durationMs: 1,
    }
  })
}

describe('the interval', () => {
  it.each([
    { of: 'h10 h20 f40', low: 20, high: 40 },
    { of: 'h10 h20', low: 20, high: undefined },
    { of: 'f10 f5', low: undefined, high: 5 },
    { of: 'h10 f20 h40 f80', low: 10, high: 80, doubtful: [20, 40] },
    { of: 'f20 h40', low: undefined, high: undefined, doubtful: [20, 40] },
    { of: 'h10 h20? f20? f40', low: 10, high: 40, doubtful: [20] },
    { of: 'h10 x20', low: 10, high: undefined, ceiling: 20 },
    { of: 'h10 x20 h40 f80', low: 40, high: 80 },
    { of: 'h10 x40 f80', low: 10, high: 80, ceiling: 40 },
    { of: 'h10 x10', low: 10, high: undefined },
    // The harness was the limit in full length alone: what short ones said stands.
    { of: 'h10 X10 X10 f20', low: 10, high: 20 },
    // Full length outweighs short, at its load and at all that it implies.
    { of: 'h10 F10', low: undefined, high: 10 },
    { of: 'h10 h20 f40 F20', low: 10, high: 20 },
    { of: 'h10 f20 f30? h30? f40 H35', low: 10, high: 40, doubtful: [20, 30, 35] },
    { of: 'h10 f20 f30? h30? f40 H35 H35', low: 35, high: 40 },
    { of: 'h10 h20 h30 f40 F20', low: 10, high: 20 },
  ])('of $of: $low to $high', ({ of, low, high, ceiling, doubtful = [] }) => {
    expect(boundsOf(evidenceOf(trials(of)))).toEqual({ low, high, ceiling, doubtful })
  })
})

describe('whether another trial is needed', () => {
  it.each([
    { of: 'h10', isSettled: true },
    { of: 'h10?', isSettled: false },
    { of: 'h10? h10', isSettled: true },
    { of: 'h10? h10?', isSettled: false },
    { of: 'h10? h10? h10?', isSettled: true },
    { of: 'h10 f10', isSettled: false },
    { of: 'h10 f10 f10', isSettled: true },
    { of: 'h10? x10', isSettled: false },
    { of: 'h10? x10 x10', isSettled: true },
    { of: 'h10 f10 x10 x10', isSettled: true },
    { of: 'x10 x10 H10?', isSettled: false },
    { of: 'x10', isSettled: false },
    { of: 'x10 x10', isSettled: true },
    { of: 'h10? h10? H10?', isSettled: true },
    { of: 'f10? f10? H10?', isSettled: false },
  ])('after $of: $isSettled', ({ of, isSettled }) => {
    expect(evidenceOf(trials(of))).toMatchObject([{ isSettled }])
  })
})
