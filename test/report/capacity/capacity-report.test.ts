import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  type CapacityLimit,
  type CapacityResult,
  capacityResultSchema,
  type CapacityTrial,
} from '../../../src/metrics/capacity-result.js'
import { capacityHtml } from '../../../src/report/capacity/html.js'
import { capacityMarkdown } from '../../../src/report/capacity/markdown.js'
import { limitSentence, predictionSentences } from '../../../src/report/capacity/sentences.js'
import { capacityText } from '../../../src/report/capacity/text.js'
import { costsOf } from '../../../src/verdict/capacity/costs.js'
import { NASTY } from '../recorded.js'

function trial(value: number, outcome: CapacityTrial['outcome'], changes: Partial<CapacityTrial> = {}): CapacityTrial {
  const because = `at ${value}`
  return {
    axis: 'slaves',
    at: null,
    value,
    length: 'short',
    seed: 1,
    outcome,
    marginal: false,
    objective: [
      {
        threshold: 'create.responseTimeUs.p99 < 1s',
        result: 'kept',
        value: value * 1e4,
        share: value / 100,
        lowerBound: false,
      },
    ],
    cause: outcome === 'held' ? null : { resource: 'workers', because, also: [], broken: ['create p99'] },
    figures: {
      mailboxes: 2000,
      slaves: value,
      dumpMs: 11,
      noopSlaveP99Us: null,
      createP99Us: 1000 + 10 * value,
      masterCores: 0.01 * value,
      masterRssBytes: 2e7 + 31e3 * value,
      lowerBounds: outcome === 'held' ? [] : ['createP99Us'],
    },
    durationMs: 14_000,
    run: 'trials/x',
    ...changes,
  }
}

const FOUND: CapacityLimit = {
  limit: 49,
  low: 49,
  high: 50,
  beyond: 'failed',
  ceiling: null,
  confirmed: { low: true, high: true },
  isCutShort: false,
  doubtful: [],
  cause: {
    resource: 'workers',
    because: 'with 50 slaves none is left',
    also: ['connections'],
    broken: ['create p99 ≥ 5 s'],
  },
}

function resultOf(changes: Partial<CapacityResult> = {}): CapacityResult {
  const trials = [trial(10, 'held'), trial(20, 'held'), trial(40, 'held'), trial(50, 'failed'), trial(49, 'held')]
  return capacityResultSchema.parse({
    schema: 'mupdate-bench/capacity/1',
    id: 'abc',
    profile: { name: 'capacity', seed: 1 },
    startedAt: '2026-11-28T03:00:00.000Z',
    state: 'ended',
    simulated: false,
    axis: 'slaves',
    ...FOUND,
    objective: ['slaves.timeouts == 0'],
    budgetMs: 900_000,
    spentMs: 200_000,
    ownStreams: 0,
    master: { kind: 'cyrus', version: '3.6.1', mailboxDatabase: 'twoskip on tmpfs', settings: {} },
    predictions: [{ cause: 'workers', low: 49, high: 50, arithmetic: '50 − 1 = 49', agrees: true }],
    calibration: 'cyrus 3.6.1',
    frontier: null,
    trials,
    costs: costsOf('slaves', trials),
    harness: { version: '0.1.0', node: 'v20', host: {} },
    ...changes,
  })
}

describe('the line that is wanted', () => {
  const sentence = (changes: Partial<CapacityLimit>) => limitSentence('slaves', { ...FOUND, ...changes })
  it.each([
    [{}, '49 slaves held, 50 failed'],
    [{ high: null, beyond: 'harness' as const }, 'at least 49 slaves; beyond it the harness was the limit'],
    [
      { high: null, beyond: 'range' as const },
      'at least 49 slaves, the most that was asked for, or that the profile can have',
    ],
    [{ high: null, beyond: 'budget' as const }, 'at least 49 slaves; then the time was up'],
    [{ low: null, high: 1 }, 'none: 1 slaves failed already'],
    [{ low: null, high: null, beyond: 'harness' as const, ceiling: 1 }, 'unknown: the harness was the limit at 1'],
    [{ low: null, high: null, beyond: 'budget' as const }, 'unknown'],
  ])('%j: %s', (changes, wanted) => expect(sentence(changes)).toBe(wanted))
})

it('a formula that says otherwise is flagged', () => {
  const prediction = { cause: 'workers' as const, low: 99, high: 100, arithmetic: '100 − 1', agrees: false }
  expect(predictionSentences(resultOf({ predictions: [prediction] }))).toEqual([
    'workers: 99 to 100 (100 − 1): DISAGREES with what was found',
  ])
})

describe.each([
  {
    format: 'text',
    of: (result: CapacityResult) => stripVTControlCharacters(capacityText(result)).replace(/\n +/g, ' '),
  },
  { format: 'Markdown', of: capacityMarkdown },
  { format: 'HTML', of: (result: CapacityResult) => capacityHtml(result).replaceAll('&#39;', '’') },
])('$format', ({ of }) => {
  it('says the limit, its cause, the formula, the objective, trials and laws', () => {
    const shown = of(resultOf())
    for (const wanted of [
      '49 slaves held, 50 failed',
      'cause: workers (and connections): with 50 slaves none is left',
      'workers: 49 to 50 (50 − 1 = 49): agrees',
      'slaves.timeouts == 0',
      'twoskip on tmpfs',
    ])
      expect(shown).toContain(wanted)
    expect(shown).toMatch(/failed: workers/)
    expect(shown).toMatch(/20\.0 MB \+ 31\.0 kB × slaves/)
    expect(shown).not.toMatch(/undefined|NaN|\[object/)
  })

  it('says what the figures are not', () => {
    const shown = of(
      resultOf({ confirmed: { low: true, high: false }, isCutShort: true, doubtful: [44, 46], ownStreams: 2 }),
    )
    expect(shown).toMatch(/only short trials stand behind what failed/)
    expect(shown).toMatch(/time was up before the interval/)
    expect(shown).toMatch(/contradict one another at 44, 46/)
    expect(shown).toMatch(/2 of the harness’s own probes stream/)
  })

  it('shows a frontier', () => {
    const points = [10, 20].map(at => ({ at, ...FOUND, low: 900 - at, high: 1000 - at }))
    const shown = of(resultOf({ frontier: { axis: 'creates', points } }))
    expect(shown).toMatch(/890 creates\/s held, 990 failed/)
    expect(shown).toMatch(/880 creates\/s held, 980 failed/)
  })
})

describe('the page', () => {
  it('needs nothing and runs nothing', () => {
    const html = capacityHtml(resultOf())
    expect(html).not.toMatch(/<script|src=|href=|url\(/)
    expect(html).toMatch(/default-src/)
    expect(html.match(/<svg /g)!.length).toBeGreaterThanOrEqual(4)
  })

  it('draws what held, what failed and what the harness limited differently', () => {
    const trials = [trial(10, 'held'), trial(20, 'failed'), trial(40, 'harness')]
    const html = capacityHtml(resultOf({ trials }))
    expect(html).toContain('class="held"')
    expect(html).toContain('class="failed"')
    expect(html).toContain('class="void"')
  })

  it('takes text for text', () => {
    const cause = { resource: 'workers' as const, because: NASTY, also: [], broken: [NASTY] }
    const shown = capacityHtml(resultOf({ cause, objective: [NASTY], calibration: NASTY }))
    expect(shown).not.toContain(NASTY)
    expect(shown).not.toMatch(/<img|<script/)
  })

  it('has a result of one trial, too, and one of none', () => {
    for (const trials of [[trial(10, 'held')], []])
      expect(capacityHtml(resultOf({ trials, costs: costsOf('slaves', trials), master: null }))).not.toMatch(
        /NaN|Infinity/,
      )
  })
})

it('costs are fitted to what held, and a lower bound is no figure', () => {
  const costs = resultOf().costs.filter(({ measure }) => measure === 'createP99Us')
  expect(costs).toHaveLength(1)
  const [{ against, points, fit }] = costs as [CapacityResult['costs'][number]]
  expect(against).toBe('slaves')
  expect(points.map(({ x, isFitted }) => [x, isFitted])).toEqual([
    [10, true],
    [20, true],
    [40, true],
    [49, true],
    [50, false],
  ])
  expect(fit!.coefficients).toMatchObject({ intercept: expect.closeTo(1000, 3), slope: expect.closeTo(10, 5) })
})
