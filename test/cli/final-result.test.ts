import { expect, it } from 'vitest'
import { comparisonFailures } from '../../src/cli/final-result.js'

const figures = { failure: null, followed: 2, convergeMs: 1, openMailboxes: 0 }
const slaves = {
  comparisons: [
    { ...figures, phase: 'look', away: [1], differenceCount: 1 },
    { ...figures, phase: 'again', away: [], differenceCount: 0 },
    { ...figures, phase: 'compare', away: [], differenceCount: 7 },
  ],
  differences: [
    { phase: 'look', where: 'slave 0', kind: 'missing' as const, name: 'user.a' },
    { phase: 'compare', where: 'master', kind: 'extra' as const, name: 'user.b' },
  ],
}

it('judges each comparison, by the name of its phase', () => {
  expect(comparisonFailures(slaves, [])).toEqual([
    'look: not all hold what they should: 1 differences, such as slave 0: missing user.a',
    'look: 1 slaves were not there when they were to be compared',
    'compare: not all hold what they should: 7 differences, such as master: extra user.b',
  ])
  expect(comparisonFailures(slaves, ['differences'])).toHaveLength(1)
  expect(comparisonFailures(slaves, ['thrash'])).toHaveLength(2)
  expect(comparisonFailures(slaves, ['away', 'differences'])).toEqual([])
})
