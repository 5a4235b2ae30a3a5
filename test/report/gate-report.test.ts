import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type GateResult, gateResultSchema } from '../../src/metrics/gate-result.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import type { TrendResult } from '../../src/metrics/trend-result.js'
import { GATE_FORMATS } from '../../src/report/gate/formats.js'
import { gateHtml } from '../../src/report/gate/html.js'
import { trendHtml } from '../../src/report/trend/html.js'
import { trendText } from '../../src/report/trend/text.js'
import { NO_ALLOWANCE } from '../../src/verdict/damage.js'
import { judgeGate } from '../../src/verdict/gate.js'
import { MEASURES } from '../../src/verdict/measures.js'
import { trendOf } from '../../src/verdict/trend.js'
import { measuredRun } from '../verdict/measured-run.js'
import { NASTY } from './recorded.js'

const GATING = new Set(['cpuPerCreates', 'cpuPerDump', 'dumpTime', 'createRate'])

/** Ten runs, the last 1 % slower than the first, and all by a factor. */
function runs(slower = 1): RunResult[] {
  return Array.from({ length: 10 }, (_, i) =>
    measuredRun({ cpuMsLists: 3600 * slower * (1 + i / 1000), creates: 10_000 / (1 + ((i * 7) % 10) / 1000) }),
  )
}

function gateOf(b: readonly RunResult[], label = 'cyrus:/opt/new'): GateResult {
  const a = runs()
  const verdict = judgeGate(a, b, { measures: MEASURES, gating: GATING, paired: true, allowance: NO_ALLOWANCE })
  const side = (name: string, count: number) => ({
    label: name,
    master: {
      kind: 'cyrus' as const,
      version: '3.6.1',
      mailboxDatabase: 'twoskip on tmpfs',
      settings: {},
      binaries: {},
    },
    runs: Array.from({ length: count }, (_, i) => `run-${i}`),
  })
  return gateResultSchema.parse({
    schema: 'mupdate-bench/gate/1',
    command: 'gate',
    id: '1a2b3c',
    profile: { name: 'ci', seed: 42 },
    startedAt: '2026-11-27T10:15:00.000Z',
    durationMs: 500_000,
    state: 'ended',
    pairs: 10,
    paired: true,
    aa: false,
    level: 0.05,
    a: side('cyrus', a.length),
    b: side(label, b.length),
    pinned: { mboxlist_db: 'twoskip' },
    discarded: [],
    harness: { version: '0.1.0', node: 'v20', host: {} },
    ...verdict,
  })
}

describe('a gate, told', () => {
  const red = gateOf(runs(1.2))

  it('in 80 columns: verdict, why, what ran, medians with intervals, ratios, and how', () => {
    const text = stripVTControlCharacters(GATE_FORMATS.text(red))
    expect(text).toMatch(/^FAIL {2}gate ci, seed 42, 10 pairs, ABBA\n {2}CPU, list of 100k: 20 % worse/)
    expect(text).toMatch(/CPU, list of 100k +1\.00 s +1\.21 s +1\.200 +0\.004 +worse *\n +1\.00–1\.01 s.* 1\.00/)
    expect(text).toContain('Pinned for both, since their defaults differ: mboxlist_db: twoskip.')
    expect(text).toContain('B: cyrus:/opt/new — cyrus 3.6.1, twoskip on tmpfs')
    for (const line of text.split('\n')) expect(line.trimEnd().length, line).toBeLessThanOrEqual(80)
  })

  it('as annotations that a name cannot end', () => {
    expect(GATE_FORMATS.github(red)).toMatch(
      /^::error title=FAIL%3A gate ci%2C seed 42%2C 10 pairs%2C ABBA::CPU, list of 100k: 20 %25 worse/,
    )
    expect(GATE_FORMATS.github(gateOf(runs()))).toMatch(/^(::notice title=PASS.*\n){4}$/)
    const nasty = { ...red, reasons: ['a\n::error::b'] }
    expect(GATE_FORMATS.github(nasty).split('\n')).toHaveLength(2)
  })

  it('as JUnit: what failed is a failure, what says nothing an error', () => {
    const text = GATE_FORMATS.junit(red)
    expect(text).toContain('tests="5" failures="1" errors="0"')
    expect(text).toMatch(/<testcase name="cpuPerDump"[^>]*><failure type="regression"/)
    const unclear = {
      ...red,
      result: 'inconclusive' as const,
      metrics: red.metrics.map(m => ({ ...m, result: 'inconclusive' as const })),
    }
    expect(GATE_FORMATS.junit(unclear)).toContain('failures="0" errors="4"')
  })

  it('for Bencher and github-action-benchmark, a rate turned round', () => {
    const bmf = JSON.parse(GATE_FORMATS.bmf(red))
    expect(bmf['mupdate-bench ci'].cpuPerDump).toEqual({
      value: expect.closeTo(1.205, 2),
      lower_value: expect.any(Number),
      upper_value: expect.any(Number),
    })
    const rows = JSON.parse(GATE_FORMATS.customSmallerIsBetter(red)) as { name: string; unit: string; value: number }[]
    const rate = rows.find(({ name }) => name.includes('creates, closed loop'))
    expect(rate).toMatchObject({
      name: 'ci: creates, closed loop, time of one',
      unit: 's',
      value: expect.closeTo(5e-4),
    })
  })

  it('as Markdown and HTML in which a label is only text', () => {
    const nasty = gateOf(runs(), NASTY)
    expect(GATE_FORMATS.markdown(nasty)).not.toMatch(/<i>|[^\\]\|b/)
    const html = gateHtml(nasty)
    expect(html).not.toContain('<i>')
    expect(html).toMatch(/default-src 'none'; style-src 'sha256-/)
    expect(html).not.toContain('<script')
    // A row for each measure that has a ratio, a point for each pair.
    expect(html.match(/<circle/g)!.length).toBeGreaterThanOrEqual(40)
    expect(html).toContain('PASS')
  })

  it('as the example of its schema', () => {
    expect(gateResultSchema.parse(JSON.parse(GATE_FORMATS.json(red)))).toEqual(red)
  })
})

describe('a history, told', () => {
  const history = Array.from({ length: 24 }, (_, i) => ({
    folder: `results/ci/${i}`,
    result: measuredRun({ cpuMsLists: 3600 * (i < 15 ? 1 : 1.3) * (1 + ((i * 7) % 10) / 500) }, run => {
      run.startedAt = new Date(Date.UTC(2026, 10, 1 + i)).toISOString()
      run.master.version = i < 15 ? '3.6.1' : '3.8.0<i>'
    }),
  }))
  const options = { window: 50, maxP: 0.001, minMagnitude: 0.03 }
  const trend: TrendResult = {
    schema: 'mupdate-bench/trend/1',
    method: { window: 50, maxP: 0.001, minimumChange: 0.03 },
    histories: [
      {
        profile: 'ci',
        seed: 42,
        masterKind: 'cyrus',
        runs: history.map(({ folder, result }) => ({
          folder,
          startedAt: result.startedAt,
          master: result.master.version,
        })),
        metrics: MEASURES.flatMap(measure => trendOf(measure, history, options) ?? []),
      },
    ],
    leftOut: [{ folder: 'x', reason: 'invalid' }],
  }

  it('names the run, the day and the master from which on it is worse', () => {
    const [{ changes }] = trend.histories[0]!.metrics.filter(({ name }) => name === 'cpuPerDump')
    expect(changes).toMatchObject([
      {
        index: 15,
        run: 'results/ci/15',
        worseBy: expect.closeTo(0.3, 1),
        masterBefore: expect.stringContaining('3.6.1'),
      },
    ])
    const text = trendText(trend)
    expect(text).toMatch(/ci, seed 42, cyrus: 24 runs, 2026-11-01 to 2026-11-24/)
    expect(text).toMatch(/CPU, list of 100k: 30 % worse from 2026-11-16T00:00Z on/)
    expect(text).toContain('(master: 3.6.1, ')
    expect(text).toContain('1 runs were left out: invalid.')
  })

  it('draws it, with the change', () => {
    const html = trendHtml(trend)
    expect(html).not.toContain('<i>')
    expect(html).toMatch(/class="change"/)
    expect(html).not.toContain('<script')
  })

  it('does not take a run without the figure for 0', () => {
    const gaps = history.map(({ folder, result }, i) => ({
      folder,
      result: i % 3 === 0 ? { ...result, phases: result.phases.map(phase => ({ ...phase, master: null })) } : result,
    }))
    const measure = MEASURES.find(({ name }) => name === 'cpuPerDump')!
    const found = trendOf(measure, gaps, options)
    expect(found!.values.filter(value => value === null)).toHaveLength(8)
    expect(found!.changes.map(({ index }) => index)).toEqual([16])
  })
})
