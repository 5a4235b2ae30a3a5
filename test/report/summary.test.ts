import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { widthOf } from '../../src/core/text-width.js'
import { type RunResult, runResultSchema, type TimeSummary } from '../../src/metrics/run-result.js'
import { masterSentences, summaryText } from '../../src/report/summary.js'

/** A real run's. */
function run(): RunResult {
  return runResultSchema.parse(
    JSON.parse(readFileSync(join(import.meta.dirname, '../metrics/older-run.json'), 'utf8')),
  ) as RunResult
}

const LONG_NAME = `user.${'someone.'.repeat(14)}sent`
const SLOW: TimeSummary = {
  count: 1_234_567,
  min: 1,
  mean: 1,
  p50: 3599e6,
  p90: 3599e6,
  p99: 3599e6,
  p999: 3599e6,
  max: 3599e6,
  lowerBounds: ['p50', 'p90', 'p99', 'max'],
}

function widest(result: RunResult): number {
  return Math.max(...summaryText(result).split('\n').map(widthOf))
}

describe('the summary', () => {
  it('of a real run fits 80 columns', () => expect(widest(run())).toBeLessThanOrEqual(80))

  it('breaks long reasons at blanks, under one another', () => {
    const reason = 'steady: the harness was the limit: 1 % of operations were sent 52 ms late or more (bound 50 ms)'
    const text = summaryText({ ...run(), verdict: { result: 'invalid', reasons: [reason], thresholds: [] } })
    expect(text).toContain(
      'steady: the harness was the limit: 1 % of operations were sent 52 ms late or\n      more (bou',
    )
  })

  it('fits whatever names, reasons and times there are', () => {
    const result = run()
    const metric = {
      count: 1_234_567,
      failed: 3,
      unfinished: 4,
      ratePerSecond: 98_765,
      serviceTimeUs: SLOW,
      responseTimeUs: SLOW,
    }
    result.profile.name = 'a-profile-that-somebody-named-after-all-that-it-does-and-whom-it-does-it-to-and-when'
    result.verdict = { result: 'fail', reasons: [`slave 3: missing ${LONG_NAME}`, LONG_NAME], thresholds: [] }
    result.master.version = `Cyrus 3.6.1-${'Debian'.repeat(20)}`
    result.phases[0]!.name = 'phase of a hundred words '.repeat(8)
    for (const scope of [...result.phases, result.total]) {
      scope.commands = { 'NOOP.plain': metric, 'NOOP.stream': metric, 'NOOP.slave': metric, UPDATE: metric }
      scope.operations = { create: metric }
    }
    expect(widest(result)).toBeLessThanOrEqual(80)
    // What is left out for it is not the worst case.
    expect(summaryText(result)).toMatch(/NOOP\.plain r +1,234,567.*≥59 min 59 s/)
  })

  it('says why the CPU of a master was not measured, and what would help', () => {
    const { master, ...result } = run()
    const probe = { name: 'mx', host: 'staging', clockOffsetUs: 0, clockErrorUs: 0, missedMs: 0, lost: null }
    const cpu = { meanCores: null, peakThreadShare: null, peggedMs: null, waitMs: null }
    const said = (changes: Partial<RunResult['master']>) =>
      masterSentences({ ...result, master: { ...master, cpu, threads: [], ...changes } }).join('; ')
    expect(said({ kind: 'remote' })).toContain(
      'not measured: it is not this run’s own; mupdate-bench probe --nats URL on',
    )
    expect(said({ kind: 'remote', probe })).toContain('not measured: probe mx on staging did not see its process')
    expect(said({ kind: 'remote', probe: { ...probe, lost: 'x' } })).toContain('probe mx on staging was lost: x')
    expect(said({ kind: 'cyrus' })).toContain('not measured: its process was not seen')
    expect(said({ kind: 'model' })).toContain('not measured: this is a model')
  })
})
