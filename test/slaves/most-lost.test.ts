import { expect, it } from 'vitest'
import type { SlaveMove, SlaveMoveKind } from '../../src/metrics/interval.js'
import { mostLost } from '../../src/slaves/most-lost.js'

const moves = (...kinds: readonly [number, SlaveMoveKind][]): SlaveMove[] =>
  kinds.map(([slave, kind], i) => ({ atNs: i, slave, kind }))

it('counts those that had the list and do not stream, at the worst moment', () => {
  expect(mostLost(moves([0, 'joined'], [0, 'dropped'], [0, 'ready']))).toBe(0)
  const up = [...moves([0, 'joined'], [0, 'ready'], [1, 'joined'], [1, 'ready'])]
  expect(mostLost([...up, ...moves([0, 'dropped'], [0, 'connecting'], [0, 'ready'], [1, 'timed-out'])])).toBe(1)
  expect(mostLost([...up, ...moves([0, 'dropped'], [1, 'restarted'], [1, 'dropped'], [1, 'ready'])])).toBe(2)
})

it('counts no one that was told to leave, nor a new one of the same number', () => {
  const lost = moves([0, 'ready'], [0, 'dropped'])
  for (const kind of ['left', 'joined'] as const)
    expect(mostLost([...lost, ...moves([0, kind], [1, 'ready'], [1, 'dropped'])])).toBe(1)
})
