import { describe, expect, it } from 'vitest'
import { awayFailures, brokenSteps, comparisonFailures, countFailures, emptySteps } from '../../src/cli/final-result.js'
import type { MetricSummary } from '../../src/metrics/run-result.js'
import { loadProfile } from '../../src/profile/load.js'
import { measuredRun } from '../verdict/measured-run.js'

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
    'compare: not all hold what they should: 7 differences, such as master: extra user.b',
  ])
  expect(comparisonFailures(slaves, ['differences'])).toEqual([])
  expect(awayFailures(slaves, ['differences'])).toEqual(['look: 1 slaves were not there when they were to be compared'])
  expect(awayFailures(slaves, ['away'])).toEqual([])
  expect(awayFailures(slaves, ['thrash'])).toEqual([])
})

it.each([
  { what: 'all that was acknowledged', listed: 30_100, is: undefined },
  {
    what: 'one less',
    listed: 30_099,
    is: /^the master lists 30099 mailboxes, not the 30100 that it said were stored$/,
  },
  { what: 'one more', listed: 30_101, is: /not the 30100/ },
  { what: 'some of those without an answer', listed: 30_103, unfinished: 5, is: undefined },
  { what: 'less than without them', listed: 30_099, unfinished: 5, is: /not the 30100 to 30105 / },
  { what: 'what is known of nobody else’s', listed: 7, kind: 'remote' as const, is: undefined },
  { what: 'what a crash left', listed: 7, restarts: 1, is: undefined },
])('finds $what: $is', ({ listed, unfinished = 0, kind = 'cyrus', restarts = 0, is }) => {
  const run = measuredRun({}, ({ master, total }) => {
    Object.assign(master, { kind, restarts, mailboxesListed: listed })
    total.operations = { create: { count: 100 + unfinished, failed: 0, unfinished, ratePerSecond: 1 } }
  })
  const [failure] = countFailures(run, loadProfile('ci'))
  if (is === undefined) expect(failure).toBeUndefined()
  else expect(failure).toMatch(is)
})

it('leaves to comparisons what renames and deletes come to', () => {
  const run = measuredRun({}, ({ master, total }) => {
    Object.assign(master, { kind: 'cyrus', mailboxesListed: 7 })
    total.operations = { delete: { count: 100, failed: 0, unfinished: 0, ratePerSecond: 1 } }
  })
  expect(countFailures(run, loadProfile('ci'))).toEqual([])
})

describe('a step', () => {
  const metric = (failed: number, unfinished: number) => ({ count: 100, failed, unfinished, ratePerSecond: 1 })
  const run = (operations: Record<string, MetricSummary>, steps: Record<string, MetricSummary>) =>
    measuredRun(
      {},
      ({ phases }) => void Object.assign(phases[2]!, { name: 'quickly', ended: 'condition', operations, steps }),
    )
  const moving = loadProfile('move-users')

  it('is not done where one of its own operations is not, whatever becomes of those that arrive', () => {
    const moveIn = metric(0, 0)
    expect(brokenSteps(run({ moveIn, setacl: metric(3, 2) }, { 'step.moveIn': moveIn }))).toEqual([])
    expect(brokenSteps(run({ moveIn }, { 'step.moveOut': metric(1, 0), 'step.moveIn': metric(0, 2) }))).toEqual([
      'quickly: 3 of its own operations were refused, never answered, or not sent after such a one',
    ])
  })

  it('of which nothing was done has found no mailbox, though such operations arrived', () => {
    const moveOut = metric(0, 0)
    expect(emptySteps([run({ moveOut }, {})], moving)).toEqual(['quickly: there was no mailbox to move'])
    expect(emptySteps([run({ moveOut }, { 'step.moveOut': moveOut })], moving)).toEqual([])
  })
})
