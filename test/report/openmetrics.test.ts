import { describe, expect, it } from 'vitest'
import type { RunResult } from '../../src/metrics/run-result.js'
import { openMetrics } from '../../src/report/openmetrics.js'
import { itWith, runTool } from '../support/tools.js'
import { cutOffRun, NASTY, recordedRun, withVerdict } from './recorded.js'

const TIME = { count: 4, min: 0.1, mean: 500, p50: 90.5, p90: 3, p99: 2e6, p999: 5e6, max: 5e6 }

/** All that there can be, with names as nobody would choose them. */
function full(): RunResult {
  return recordedRun(run => {
    run.profile.name = NASTY
    run.master.version = NASTY
    run.verdict.thresholds.push({ threshold: NASTY, result: 'inconclusive', reason: '' })
    const time = { ...TIME, lowerBounds: ['p99', 'max'] as 'p99'[] }
    const metric = { count: 4, failed: 1, unfinished: 2, ratePerSecond: 0.5, responseTimeUs: time, serviceTimeUs: time }
    for (const scope of [run.phases[0]!, run.total]) {
      scope.commands = { 'NOOP.plain': metric, UPDATE: metric }
      scope.operations = { create: metric }
    }
    run.slaves.propagationUs = { first: time, median: time, last: time, all: time, missing: 0 }
    run.generator.scheduleSlipUs = time
    run.master.diskFlushes = 3
  })
}

/** Values by series, without the labels that all have. */
function seriesOf(run: RunResult): Record<string, number> {
  const text = openMetrics(run)
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map(line => {
      const [, name, labels, value] =
        /^(\w+)\{profile="[^"]*",seed="1",master_kind="cyrus",master_version="[^"]*",?(.*)\} (\S+)$/s.exec(line)!
      return [labels === '' ? name! : `${name}{${labels}}`, Number(value)]
    }),
  )
}

describe('OpenMetrics', () => {
  it('is in seconds and bytes, by phase, and without a phase for the whole run', () => {
    const run = full()
    run.profile.name = run.master.version = 'x'
    const series = seriesOf(run)
    const noop = 'phase="preload",command="NOOP.plain"'
    expect(series).toMatchObject({
      mupdate_bench_run_duration_seconds: 41.327401,
      mupdate_bench_master_resident_memory_peak_bytes: 117932032,
      [`mupdate_bench_commands_unfinished{${noop}}`]: 2,
      [`mupdate_bench_command_seconds{${noop},kind="response",quantile="0.5"}`]: 0.0000905,
      [`mupdate_bench_command_seconds{${noop},kind="service",quantile="1"}`]: 5,
      [`mupdate_bench_command_seconds_sum{${noop},kind="service"}`]: 0.002,
      [`mupdate_bench_command_seconds_count{${noop},kind="service"}`]: 4,
      [`mupdate_bench_command_lower_bound{${noop},kind="response",statistic="p99"}`]: 1,
      'mupdate_bench_command_seconds{command="UPDATE",kind="response",quantile="0.99"}': 2,
      'mupdate_bench_operations_per_second{operation="create"}': 0.5,
      'mupdate_bench_propagation_seconds{slave="last",quantile="0.5"}': 0.0000905,
      'mupdate_bench_verdict{result="pass"}': 1,
      'mupdate_bench_verdict{result="fail"}': 0,
      mupdate_bench_run_ended: 1,
    })
    expect(series).not.toHaveProperty(`mupdate_bench_command_lower_bound{${noop},kind="response",statistic="p50"}`)
  })

  it('leaves out what was not measured', () => {
    const names = Object.keys(seriesOf(cutOffRun())).join('\n')
    for (const absent of ['noise_floor', 'master_mailboxes', 'memory', 'propagation', 'disk_flushes', 'threshold{'])
      expect(names).not.toContain(absent)
  })

  it('says that a run was cut off', () => {
    const series = seriesOf(cutOffRun())
    expect(series).toMatchObject({ mupdate_bench_run_ended: 0, 'mupdate_bench_verdict{result="inconclusive"}': 1 })
    expect(Object.keys(series)).toContainEqual(expect.stringMatching(/^mupdate_bench_run_info\{.*state="running"/))
  })

  it('judges no threshold of an invalid run', () => {
    const thresholds: RunResult['verdict']['thresholds'] = [{ threshold: 'a', result: 'pass', reason: 'a' }]
    expect(openMetrics(withVerdict('pass', thresholds))).toContain('mupdate_bench_threshold{')
    expect(openMetrics(withVerdict('invalid', thresholds))).not.toContain('mupdate_bench_threshold{')
  })

  it('has each family once, its samples together, its unit at the end of its name, and ends with # EOF', () => {
    const text = openMetrics(full())
    const lines = text.split('\n')
    expect(lines.slice(-2)).toEqual(['# EOF', ''])
    const families = lines.filter(line => line.startsWith('# TYPE')).map(line => line.split(' ')[2]!)
    expect(new Set(families).size).toBe(families.length)
    let family = ''
    for (const line of lines.slice(0, -2)) {
      if (line.startsWith('# TYPE')) family = line.split(' ')[2]!
      else if (line.startsWith('# UNIT')) expect(family).toMatch(new RegExp(`_${line.split(' ')[3]}$`))
      else if (!line.startsWith('#')) expect(line.replace(/(_sum|_count)?\{.*/s, '')).toBe(family)
    }
  })

  it('escapes labels: a quote, a backslash, a line end', () => {
    expect(openMetrics(full())).toContain(
      `profile="${NASTY.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n')}"`,
    )
  })
})

describe('promtool check metrics', () => {
  itWith('promtool').each([
    { what: 'all that there can be', run: full() },
    { what: 'a run that was cut off', run: cutOffRun() },
  ])('has nothing to say to $what', ({ run }) => {
    expect(runTool('promtool', ['check', 'metrics'], openMetrics(run))).toEqual({ status: 0, output: '' })
  })
})
