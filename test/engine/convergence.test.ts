import { describe, expect, it } from 'vitest'
import { type Convergence, together } from '../../src/engine/convergence.js'

const CLEAN: Convergence = {
  followed: 2,
  convergeNs: 5,
  away: [],
  differenceCount: 0,
  differences: [],
  missing: 0,
  open: 0,
  realLosses: [],
  realUnknown: 0,
  listed: 10,
}

describe('comparisons of several phases', () => {
  it('are none without any', () => {
    expect(together([])).toBeUndefined()
  })

  it('keep what was wrong at any of them, and the rest of the last', () => {
    const stale = { where: 'slave 1', kind: 'stale', name: 'user.a' } as const
    const wrong = { ...CLEAN, convergeNs: 9, away: [1], differenceCount: 3, differences: [stale], missing: 4 }
    expect(together([wrong, { ...CLEAN, away: [0, 1], listed: 12 }])).toEqual({
      ...CLEAN,
      convergeNs: 9,
      away: [0, 1],
      differenceCount: 3,
      differences: [stale],
      listed: 12,
    })
  })
})
