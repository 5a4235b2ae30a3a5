import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LiveMetrics } from '../../src/live/live-metrics.js'
import { type RunResult, runResultSchema } from '../../src/metrics/run-result.js'
import type { SecondLine } from '../../src/metrics/second-line.js'
import { newCounters } from '../../src/metrics/interval.js'
import { Standings } from '../../src/slaves/standing.js'

/** A real run's, with what it did not do and what was not counted yet. */
function result(): RunResult {
  const path = join(import.meta.dirname, '../metrics/older-run.json')
  const run = runResultSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  run.phases.at(-1)!.operations = { create: run.total.commands['NOOP.plain']! }
  return { ...run, slaves: { ...run.slaves, listBytes: 1000, updateBytes: 100 } }
}

const FACTS = {
  id: 'f27d58',
  profile: { name: 'smoke', seed: 1 },
  startedAt: '2026-11-27T19:56:51.626Z',
  master: { kind: 'cyrus', version: 'a "quoted" \\ version' },
  slaveCount: 4,
  phases: [],
}

function secondOf(run: RunResult): SecondLine {
  const phase = run.phases.at(-1)!
  return {
    atMs: run.durationMs,
    spanMs: 1000,
    phase: phase.name,
    operations: phase.operations,
    commands: run.total.commands,
    offeredPerSecond: {},
    propagationUs: null,
    harness: null,
    master: {
      sampledMs: 1000,
      meanCores: 0.5,
      peakThreadShare: 0.5,
      peggedMs: 0,
      peggedSpansMs: [],
      waitMs: 0,
      rssPeakBytes: 12_345_678,
      descriptorsPeak: 40,
      threadsPeak: 5,
      threads: [],
    },
    counters: { ...newCounters(), preloaded: 2000 },
  }
}

async function exposed(...runs: RunResult[]): Promise<string> {
  const metrics = new LiveMetrics()
  metrics.begin(FACTS)
  let text = (await metrics.text()).text
  for (const run of runs) {
    metrics.update(run, secondOf(run), new Standings().counts)
    text = (await metrics.text()).text
  }
  return text
}

function sampleOf(text: string, series: string): number {
  const line = text.split('\n').find(each => each.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1))
}

/** Debian's `prometheus` has it; CI always does. */
const hasPromtool = spawnSync('promtool', ['--version']).status === 0

describe('/metrics', () => {
  it('says the same as run.json, in base units', async () => {
    const run = result()
    const text = await exposed(run)
    const { name, commands } = run.phases.find(phase => phase.commands['NOOP.plain'] !== undefined)!
    const noop = commands['NOOP.plain']!
    const labels = `phase="${name}",kind="plain"`
    expect(sampleOf(text, `mupdate_bench_noop_response_seconds{quantile="0.99",${labels}}`)).toBeCloseTo(
      noop.responseTimeUs!.p99 / 1e6,
      12,
    )
    expect(sampleOf(text, `mupdate_bench_noop_response_seconds_count{${labels}}`)).toBe(noop.responseTimeUs!.count)
    expect(sampleOf(text, `mupdate_bench_noop_response_seconds_sum{${labels}}`)).toBeCloseTo(
      (noop.responseTimeUs!.mean * noop.responseTimeUs!.count) / 1e6,
      9,
    )
    expect(
      sampleOf(text, `mupdate_bench_commands_total{phase="${name}",command="NOOP.plain",outcome="unfinished"}`),
    ).toBe(noop.unfinished)
    expect(sampleOf(text, 'mupdate_bench_slave_timeouts_total')).toBe(run.slaves.timeouts)
    expect(sampleOf(text, 'mupdate_bench_master_resident_memory_bytes')).toBe(12_345_678)
    expect(sampleOf(text, 'mupdate_bench_slaves{state="timed-out"}')).toBe(0)
    expect(text).toContain('master_version="a \\"quoted\\" \\\\ version"')
  })

  it('has nothing to say of what was not measured', async () => {
    const run = result()
    run.master.cpu = { meanCores: null, peakThreadShare: null, peggedMs: null, waitMs: null }
    const text = await exposed(run)
    expect(text).not.toContain('mupdate_bench_master_cpu')
    expect(text).not.toContain('mupdate_bench_master_pegged')
    expect(text).not.toMatch(/NaN|null|undefined/)
  })

  it('counters only grow, though a mean is rounded', async () => {
    const [before, after] = [result(), result()]
    const { name } = before.phases.find(phase => phase.commands['NOOP.plain'] !== undefined)!
    const time = after.phases.find(phase => phase.name === name)!.commands['NOOP.plain']!.responseTimeUs!
    time.mean -= 0.001
    const sum = `mupdate_bench_noop_response_seconds_sum{phase="${name}",kind="plain"}`
    expect(sampleOf(await exposed(after), sum)).toBeLessThan(sampleOf(await exposed(before), sum))
    expect(sampleOf(await exposed(before, after), sum)).toBe(sampleOf(await exposed(before), sum))
  })

  it('is written once, however many ask', async () => {
    const metrics = new LiveMetrics()
    metrics.begin(FACTS)
    expect(metrics.text()).toBe(metrics.text())
    const before = metrics.text()
    metrics.update(result(), secondOf(result()), new Standings().counts)
    expect(metrics.text()).not.toBe(before)
  })

  it.skipIf(!hasPromtool && process.env.CI !== 'true')('is as Prometheus’s own tool wants it', async () => {
    for (const text of [await exposed(), await exposed(result())]) {
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
      expect({ status, says: `${stdout}${stderr}` }).toEqual({ status: 0, says: '' })
    }
  })
})

describe('the dashboard for Grafana', () => {
  it('asks only for what there is', async () => {
    const dashboard = readFileSync(join(import.meta.dirname, '../../docs/grafana.json'), 'utf8')
    const asked = [...new Set(dashboard.match(/mupdate_bench_\w+/g))]
    const text = await exposed(result())
    expect(asked.length).toBeGreaterThan(10)
    expect(asked.filter(name => !new RegExp(`^${name}[ {]`, 'm').test(text))).toEqual([])
  })
})
