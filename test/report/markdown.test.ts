import { describe, expect, it } from 'vitest'
import type { RunResult } from '../../src/metrics/run-result.js'
import { markdown } from '../../src/report/markdown.js'
import { markdownText } from '../../src/report/markdown-text.js'
import { cutOffRun, NASTY, recordedRun, withVerdict } from './recorded.js'

describe('text', () => {
  it.each([
    ['mupdate_workers_max', 'mupdate_workers_max'],
    ['_it_ is', '\\_it\\_ is'],
    ['a | b', 'a \\| b'],
    ['<b>&lt;', '&lt;b&gt;&amp;lt;'],
    ['*`[x](y)~$\\', '\\*\\`\\[x\\](y)\\~\\$\\\\'],
    ['two\r\n# lines\u0000', 'two # lines'],
    ['# no heading', '\\# no heading'],
    ['- no list', '\\- no list'],
    ['12. no list', '12\\. no list'],
    ['30.5 ms', '30.5 ms'],
    ['30.5', '30.5'],
    ['#5', '#5'],
  ])('%j is written %j', (text, written) => expect(markdownText(text)).toBe(written))
})

it('begins with verdict and reasons', () => {
  const run = withVerdict('fail', [], ['slaves thrashed to the end'])
  expect(markdown(run)).toMatch(/^## ❌ FAIL: bulk-500k, seed 1, 41\.3 s\n\n- slaves thrashed to the end\n\n### /)
})

it('has a row per threshold, and as many cells in each whatever its text', () => {
  const run = withVerdict('fail', [
    { threshold: 'a < 2s', result: 'fail', value: 3e6, reason: 'a < 2s: measured 3.00 s' },
    { threshold: NASTY, result: 'pass', reason: `${NASTY}: measured 1` },
  ])
  const rows = markdown(run)
    .split('\n')
    .filter(line => /^\| [✅❌]/u.test(line))
  expect(rows[0]).toBe('| ❌ fail | a &lt; 2s | measured 3.00 s |')
  expect(rows[1]).toContain('a\\|b &lt;i&gt;&amp;amp;"\'\\`\\*\\_x\\_\\* \\]\\]&gt;')
  for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(4)
})

it('does not judge the thresholds of an invalid run', () => {
  const run = withVerdict(
    'invalid',
    [{ threshold: 'a == 0', result: 'pass', value: 0, reason: 'a == 0: measured 0' }],
    [],
  )
  expect(markdown(run)).toContain('| 🚫 not judged | a == 0 | measured 0 |')
  expect(markdown(run)).toContain('> **the harness was the limit')
})

it.each([
  { what: 'cut off', run: cutOffRun(), says: '> **not ended: cut off' },
  { what: 'interrupted', run: { ...recordedRun(), state: 'interrupted' } as RunResult, says: '> **interrupted' },
  { what: 'simulated', run: { ...recordedRun(), simulated: true } as RunResult, says: '> **simulated: ' },
  {
    what: 'a model',
    run: recordedRun(({ master }) => void Object.assign(master, { kind: 'model' })),
    says: '> **against a model',
  },
])('says first that it is $what', ({ run, says }) => {
  const text = markdown(run)
  expect(text).toContain(says)
  expect(text.indexOf(says)).toBeLessThan(text.indexOf('###'))
})

it('a run of which nothing has to be said has no such box', () => expect(markdown(recordedRun())).not.toContain('> '))

it('tells a thrash in words', () => {
  const run = recordedRun(({ slaves }) => {
    Object.assign(slaves, { count: 20, timeouts: 46 })
    Object.assign(slaves.thrash, { state: 'sustained', onsetMs: 21_000, cycles: 4, causedTimeouts: 40 })
  })
  expect(markdown(run)).toContain('- THRASH from 21.0 s to the end: 40 time-outs while other frontends’ lists')
})

it('has the figures of timed phases, lower bounds marked, and nothing where nothing was measured', () => {
  const run = recordedRun(({ phases }) => {
    const [phase] = phases
    phase!.name = 'steady'
    phase!.ended = 'duration'
    const time = { count: 9, min: 1, mean: 2, p50: 2000, p90: 3, p99: 4e6, p999: 5e6, max: 5e6 }
    const responseTimeUs = { ...time, lowerBounds: ['p99', 'max'] as 'p99'[] }
    phase!.commands = { 'NOOP.plain': { count: 9, failed: 0, unfinished: 2, ratePerSecond: 1.5, responseTimeUs } }
  })
  expect(markdown(run)).toContain('\n| NOOP.plain | 9 | 1.5 | 2.00 ms | ≥4.00 s | ≥5.00 s |  |  |  | 0 | 2 |\n')
})

it('names host and noise floor, where they are known', () => {
  const run = recordedRun(
    ({ harness }) => void Object.assign(harness.host, { cpuModel: 'AMD <EPYC>', cores: 2, kernel: 'linux 6.1' }),
  )
  expect(markdown(run)).toContain('- host: AMD &lt;EPYC&gt;, 2 cores, linux 6.1\n')
  expect(markdown(run)).toContain('- noise floor (loopback echo, same code): p50 131 µs, p99 438 µs\n')
  expect(markdown(cutOffRun())).not.toContain('noise floor')
})
