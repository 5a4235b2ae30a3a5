import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

const script = resolve(import.meta.dirname, '../../.ci/summary.mjs')

const FILE = { name: resolve(import.meta.dirname, 'x.test.ts'), status: 'failed' }

function report(passed: number, failed = 0, skipped = 0, unloadable = 0): string {
  return JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: Array.from({ length: unloadable }, () => ({
      ...FILE,
      message: 'no such module',
      assertionResults: [],
    })),
  })
}

const GOOD = {
  'unit.json': report(10, 0, 1),
  'unit.status': '0',
  'cyrus.json': report(5),
  'cyrus.status': '0',
  'browser.json': report(2),
  'browser.status': '0',
  'packages.json': report(1, 0, 1),
  'packages.status': '0',
  'check.status': '0',
}

function summary(files: Record<string, string | undefined>): [number | null, string | undefined, string] {
  const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-ci-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) if (text !== undefined) writeFileSync(join(folder, name), text)
  const { status, stdout } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' })
  return [status, stdout.trimEnd().split('\n').at(-1), stdout]
}

describe("CI's last line", () => {
  it.each<[string, Record<string, string | undefined>, string]>([
    ['adds up failures', { 'unit.json': report(9, 1), 'unit.status': '1' }, '17 passed, 1 failed'],
    ['counts a suite without a report', { 'cyrus.json': undefined, 'cyrus.status': '1' }, '13 passed, 1 failed'],
    ['counts a suite in which nothing ran', { 'cyrus.json': report(0) }, '13 passed, 1 failed'],
    ['counts what the Cyrus suite skipped', { 'cyrus.json': report(3, 0, 2) }, '16 passed, 2 failed'],
    ['counts what the browser suite skipped', { 'browser.json': report(0, 0, 2) }, '16 passed, 2 failed'],
    [
      'counts a file that does not load',
      { 'unit.json': report(9, 0, 0, 1), 'unit.status': '1' },
      '17 passed, 1 failed',
    ],
    ['counts an error outside of tests', { 'unit.status': '1' }, '18 passed, 1 failed'],
    ['counts a suite that was cut off', { 'cyrus.json': undefined, 'cyrus.status': '124' }, '13 passed, 1 failed'],
    ['counts a failed check', { 'check.status': '1' }, '18 passed, 1 failed'],
    ['counts a check that did not run', { 'check.status': undefined }, '18 passed, 1 failed'],
  ])('%s', (_, files, line) => expect(summary({ ...GOOD, ...files }).slice(0, 2)).toEqual([1, line]))

  it('is good when all is', () => expect(summary(GOOD).slice(0, 2)).toEqual([0, '18 passed, 0 failed']))

  it('follows what failed, where it may be all that is left of the output', () => {
    const failed = {
      status: 'failed',
      fullName: 'a slave times out',
      failureMessages: ['AssertionError: expected 1\nat'],
    }
    const file = { ...FILE, assertionResults: [{ ...failed, status: 'passed', failureMessages: [] }, failed] }
    const json = JSON.stringify({ ...JSON.parse(report(9, 1, 0, 1)), testResults: [file] })
    const [, , text] = summary({ ...GOOD, 'unit.json': json, 'unit.status': '1', 'cyrus.json': report(5, 0, 0, 1) })
    expect(text).toContain(
      'unit: FAILED test/scripts/x.test.ts > a slave times out: AssertionError: expected 1\n  at\n',
    )
    expect(text).toContain('cyrus: FAILED test/scripts/x.test.ts: no such module\n')
    expect(text.match(/FAILED/g)).toHaveLength(2)
  })
})
