import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RunResult } from '../../src/metrics/run-result.js'
import { junit } from '../../src/report/junit.js'
import { itWith, runTool } from '../support/tools.js'
import { cutOffRun, NASTY, recordedRun, withVerdict } from './recorded.js'

const SCHEMA = join(import.meta.dirname, 'junit.xsd')

const PASSED = { threshold: 'a == 0', result: 'pass', value: 0, reason: 'a == 0: measured 0' } as const
const FAILED = { threshold: 'b < 2s', result: 'fail', value: 3e6, reason: 'b < 2s: measured 3.00 s' } as const
const OPEN = { threshold: 'c < 2s', result: 'inconclusive', value: 1e6, reason: 'c < 2s: at least 1.00 s' } as const

/** Each case by name: what became of it, of which type, and what is said. */
function casesOf(xml: string): Record<string, string> {
  const cases = [...xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)]
  return Object.fromEntries(
    cases.map(([, name, content = '']) => {
      const [, kind, type, text] = /^<(\w+) type="(\w+)" message="[^"]*">(.*)<\/\w+>$/s.exec(content) ?? []
      return [name!.replaceAll('&lt;', '<'), kind === undefined ? 'passed' : `${kind} ${type}: ${text}`]
    }),
  )
}

function countsOf(xml: string): string {
  return /tests="\d+" failures="\d+" errors="\d+" skipped="\d+"/.exec(xml)![0]
}

describe('the run’s own case', () => {
  it.each<{ what: string; run: RunResult; says: string; counts: string }>([
    {
      what: 'pass',
      run: withVerdict('pass', [PASSED]),
      says: 'passed',
      counts: 'tests="2" failures="0" errors="0" skipped="0"',
    },
    {
      what: 'fail by a threshold alone is told there, once',
      run: withVerdict('fail', [PASSED, FAILED]),
      says: 'passed',
      counts: 'tests="3" failures="1" errors="0" skipped="0"',
    },
    {
      what: 'fail by something else too',
      run: withVerdict('fail', [FAILED], ['the master was lost', FAILED.reason, 'slaves thrashed to the end']),
      says: 'failure fail: the master was lost\nslaves thrashed to the end',
      counts: 'tests="2" failures="2" errors="0" skipped="0"',
    },
    {
      what: 'inconclusive opens no gate',
      run: withVerdict('inconclusive', [PASSED, OPEN]),
      says: 'error inconclusive: a == 0: measured 0\nc &lt; 2s: at least 1.00 s',
      counts: 'tests="3" failures="0" errors="1" skipped="1"',
    },
    {
      what: 'invalid judges no threshold',
      run: withVerdict('invalid', [PASSED, FAILED], ['steady: the harness was the limit']),
      says: 'error invalid: steady: the harness was the limit',
      counts: 'tests="3" failures="0" errors="1" skipped="2"',
    },
    {
      what: 'cut off',
      run: cutOffRun(),
      says: 'error inconclusive: the run had not ended when this was written',
      counts: 'tests="1" failures="0" errors="1" skipped="0"',
    },
  ])('$what', ({ run, says, counts }) => {
    const xml = junit(run)
    expect(casesOf(xml).run).toBe(says)
    expect(countsOf(xml)).toBe(counts)
  })
})

it('each threshold is a case, with value and reason where it failed', () => {
  expect(casesOf(junit(withVerdict('fail', [PASSED, FAILED, OPEN])))).toMatchObject({
    'a == 0': 'passed',
    'b < 2s': 'failure fail: b &lt; 2s: measured 3.00 s',
    'c < 2s': 'skipped inconclusive: c &lt; 2s: at least 1.00 s',
  })
})

it('says what a reader has to know: cut off, simulated', () => {
  const xml = junit({ ...cutOffRun(), simulated: true })
  expect(xml).toMatch(/<system-out>not ended: cut off[^\n]*\nsimulated: /)
  expect(xml).toContain('<property name="state" value="running"/>')
  expect(xml).toContain('<property name="simulated" value="true"/>')
})

describe('xmllint', () => {
  const nasty = withVerdict('fail', [
    { threshold: NASTY, result: 'fail', reason: `${NASTY}: measured 1` },
    { threshold: 'x', result: 'inconclusive', reason: NASTY },
  ])
  nasty.verdict.reasons.push(NASTY)
  nasty.profile.name = NASTY
  nasty.master.version = NASTY

  itWith('xmllint').each([
    { what: 'a run that passed', run: recordedRun() },
    { what: 'one that was cut off', run: cutOffRun() },
    { what: 'an invalid one', run: withVerdict('invalid', [PASSED, FAILED, OPEN], ['it was the harness']) },
    { what: 'names as nobody would choose them', run: nasty },
  ])('finds $what valid', ({ run }) => {
    const { status, output } = runTool('xmllint', ['--noout', '--schema', SCHEMA, '-'], junit(run))
    expect(output).toContain('- validates')
    expect(status).toBe(0)
  })

  itWith('xmllint')('reads names back as they were, but for characters that XML does not have', () => {
    const path = 'string(//testcase[3]/skipped)'
    const { output } = runTool('xmllint', ['--xpath', path, '-'], junit(nasty))
    expect(output).toBe(`${NASTY.replace(/[\0\u001b\ud800]/g, '\ufffd')}\n`)
  })
})
