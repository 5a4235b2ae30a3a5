import { beforeAll, describe, expect, it } from 'vitest'
import { escapeHtml, scriptJson } from '../../src/report/html/escape.js'
import { comparisonPage } from '../../src/report/html/comparison-page.js'
import { runPage } from '../../src/report/html/run-page.js'
import { runPageData } from '../../src/report/run-page-data.js'
import { CurveBuilder } from '../../src/report/percentile-curves.js'
import {
  decodeHistogram,
  encodeHistogram,
  loadHistograms,
  newHistogram,
  record,
  summarise,
} from '../../src/metrics/latency.js'
import { fullSecond, noFiles, syntheticRun, thrashing } from './synthetic-run.js'

const EVIL = `</script><script>alert(1)</script><img src=x onerror="alert('2')">`

describe('text in a page', () => {
  it('stays text in HTML', () => expect(escapeHtml(EVIL)).not.toMatch(/[<>"']/))

  it('stays data in a script, and the same data', () => {
    const json = scriptJson({ [EVIL]: `${EVIL}\u2028` })
    expect(json).not.toMatch(/[<>\u2028]/)
    expect(JSON.parse(json)).toEqual({ [EVIL]: `${EVIL}\u2028` })
  })
})

describe('the page of a run', () => {
  const run = syntheticRun()
  const evil = () =>
    runPage(
      {
        ...run,
        profile: { name: EVIL, seed: 1 },
        verdict: { result: 'fail', reasons: [EVIL], thresholds: [] },
        master: { ...run.master, version: EVIL, settings: { a: EVIL } },
        phases: run.phases.map(phase => ({ ...phase, name: EVIL })),
      },
      noFiles({ profileYaml: EVIL, events: [{ atMs: 5, kind: 'timeline', detail: EVIL }] }),
    )

  it('lets nothing that it was given become markup', () => {
    const page = evil()
    expect(page).not.toContain('<img')
    expect(page).not.toContain('alert(1)</script>')
    expect(page.match(/<script/g)).toHaveLength(2)
    expect(page.match(/<\/script>/g)).toHaveLength(2)
  })

  it('allows its own style and script alone, and names no other place', () => {
    const page = runPage(run, noFiles())
    expect(page).toMatch(/content="default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri/)
    expect(page).not.toMatch(/(src|href)=/)
    expect(page).not.toContain(' style="')
  })

  it.each([
    [{ simulated: true }, 'SIMULATED'],
    [{ master: { ...run.master, kind: 'model' as const } }, 'MODEL'],
    [{ state: 'running' as const }, 'CUT OFF'],
    [{ state: 'interrupted' as const }, 'INTERRUPTED'],
    [{ verdict: { result: 'invalid' as const, reasons: [], thresholds: [] } }, 'The harness was the limit'],
  ])('%# says first what a reader must know', (change, says) => {
    expect(runPage({ ...run, ...change }, noFiles())).toContain(`<p class="callout">${says}`)
  })

  it('of an invalid run shows no threshold as kept or failed', () => {
    const threshold = (result: 'pass' | 'fail', reason: string) => ({
      ...{ threshold: 'x', result, reason },
      actual: 1,
    })
    const thresholds = [threshold('pass', 'a < b'), threshold('fail', 'c < d')]
    const page = (result: 'fail' | 'invalid') =>
      runPage({ ...run, verdict: { result, reasons: ['too slow'], thresholds } }, noFiles())
    expect(page('fail').match(/<li class="(pass|fail)">/g)).toHaveLength(3)
    expect(page('invalid').match(/<li class="(pass|fail)">/g)).toHaveLength(1)
    expect(page('invalid').match(/aria-label="threshold: ">⊘<\/span>not judged: /g)).toHaveLength(2)
  })

  it('of too many events keeps the gravest, the last and the first, and says how many it leaves out', () => {
    const events = Array.from({ length: 1000 }, (_, i) => ({ atMs: i, kind: 'timeline', detail: `deed ${i}` }))
    events[500] = { atMs: 500, kind: 'master-died', detail: 'in the middle' }
    const { events: drawn } = runPageData(run, noFiles({ events }))
    expect(drawn).toHaveLength(300)
    const details = drawn.map(({ detail }) => detail)
    expect(details).toEqual(expect.arrayContaining(['deed 0', 'in the middle', 'deed 999']))
    expect(drawn.map(({ atS }) => atS)).toEqual(drawn.map(({ atS }) => atS).sort((a, b) => a - b))
    expect(runPage(run, noFiles({ events }))).toContain('Of 1,000 events the charts mark 300')
    expect(runPage(run, noFiles({ events: events.slice(0, 300) }))).not.toContain('the charts mark')
  })

  it('keeps the last death of a master that dies all the time', () => {
    const events = Array.from({ length: 2000 }, (_, i) => ({ atMs: i, kind: 'master-died', detail: `death ${i}` }))
    const { events: drawn } = runPageData(run, noFiles({ events }))
    expect(drawn).toHaveLength(300)
    expect([drawn[0].detail, drawn.at(-1)!.detail]).toEqual(['death 0', 'death 1999'])
  })

  it('of an hour with 60 slaves that thrash is less than 1 MB', () => {
    const seconds = Array.from({ length: 3600 }, (_, i) => fullSecond(i))
    const files = noFiles({ seconds, slaveMoves: thrashing(60, 3600) })
    const bytes = Buffer.byteLength(runPage({ ...run, durationMs: 3_601_440 }, files))
    expect(bytes).toBeLessThan(1e6)
    expect(bytes).toBeGreaterThan(3e5)
  })
})

describe('the page of several runs', () => {
  const timed = (p50: number) => ({
    count: 10,
    min: 1,
    mean: p50,
    p50,
    p90: p50,
    p99: p50,
    p999: p50,
    max: p50,
    lowerBounds: [],
  })
  const withNoop = (p50: number, isBound = false) => {
    const run = syntheticRun()
    const noop = {
      count: 10,
      failed: 0,
      unfinished: 0,
      ratePerSecond: 1,
      responseTimeUs: { ...timed(p50), lowerBounds: isBound ? ['p50' as const] : [] },
    }
    const phases = [
      {
        name: 'steady',
        startMs: 0,
        durationMs: 1000,
        ended: 'duration' as const,
        operations: {},
        steps: {},
        commands: { 'NOOP.plain': noop },
        listedRecords: null,
        master: null,
        harnessCpuMs: null,
        hostFullMs: null,
      },
    ]
    return {
      run: { ...run, phases, total: { operations: {}, steps: {}, commands: { 'NOOP.plain': noop } } },
      files: noFiles(),
    }
  }

  it('sets their figures in ratio to the first', () => {
    expect(comparisonPage([withNoop(200), withNoop(500)])).toMatch(
      /steady: NOOP\.plain half within<\/th><td>200 µs<\/td><td>500 µs<\/td><td>2\.5 ×/,
    )
  })

  it('gives no ratio of a lower bound', () => {
    expect(comparisonPage([withNoop(200), withNoop(500, true)])).toMatch(
      /NOOP\.plain half within<\/th><td>200 µs<\/td><td>≥ 500 µs<\/td><td>–/,
    )
  })
})

describe('percentile curves', () => {
  beforeAll(loadHistograms)

  const line = (tag: string, from: number, to: number) => {
    const histogram = newHistogram()
    for (let ms = from; ms <= to; ms++) record(histogram, ms * 1e6)
    return `Tag=${tag},0.000,1.000,1.000,${encodeHistogram(histogram)}`
  }

  it('come from merged histograms, of each timed phase and of all', () => {
    const builder = new CurveBuilder(new Set(['calm', 'storm']))
    for (const text of [
      '#[StartTime: 0]',
      line('calm/NOOP.plain/response', 1, 500),
      line('storm/NOOP.plain/response', 501, 1000),
      line('preload/NOOP.plain/response', 5000, 5000),
      'Tag=storm/NOOP.plain/response,0.000,1.000,1.000,HISTFAAA',
    ])
      builder.add(text)
    const curves = builder.curves()
    expect(curves.map(({ scope, count }) => [scope, count])).toEqual([
      ['all timed phases', 1000],
      ['calm', 500],
      ['storm', 500],
    ])
    const [{ inverse, us }] = curves
    expect(us[inverse.indexOf(2)] / 500_000).toBeCloseTo(1, 2)
    expect(us.at(-1)! / 1e6).toBeCloseTo(1, 2)
    expect(inverse.at(-1)).toBe(1000)
    builder.destroy()
  })

  it('have the percentiles of run.json exactly', () => {
    const histogram = newHistogram()
    for (let i = 1; i <= 20_000; i++) record(histogram, i ** 2 * 100)
    const builder = new CurveBuilder(new Set(['steady']))
    const encoded = encodeHistogram(histogram)
    builder.add(`Tag=steady/create/response,0.000,1.000,1.000,${encoded}`)
    const [{ inverse, us }] = builder.curves()
    const decoded = decodeHistogram(encoded)
    const { p50, p90, p99, p999, max } = summarise(decoded, Infinity)!
    expect([2, 10, 100, 1000].map(x => us[inverse.indexOf(x)])).toEqual([p50, p90, p99, p999])
    expect(us[inverse.indexOf(20)]).toBe(histogram.getValueAtPercentile(95) / 1000)
    expect([inverse.at(-1), us.at(-1)]).toEqual([20_000, max])
    expect(inverse).toEqual([...new Set(inverse)].sort((a, b) => a - b))
    builder.destroy()
    for (const each of [histogram, decoded]) each.destroy()
  })
})
