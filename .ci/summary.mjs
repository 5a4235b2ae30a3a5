// Usage: node .ci/summary.mjs DIR, where DIR holds <suite>.status and, of suites that vitest ran, <suite>.json.
// Prints what went wrong, then as its last line the sum over all suites. A suite that ends badly without a failed test
// (it could not start, or broke outside of a test) counts as one failure, so that nothing passes by not running.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const MESSAGE_LINES = 12
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = process.argv[2]

const counts = [
  count('unit'),
  count('cyrus', { skippedFail: true }),
  count('browser', { skippedFail: true }),
  count('packages'),
  countCommand('check'),
]
const passed = counts.reduce((sum, suite) => sum + suite.passed, 0)
const failed = counts.reduce((sum, suite) => sum + suite.failed, 0)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

/** @param options.skippedFail a test that was not run on CI's real Cyrus was never run anywhere */
function count(suite, { skippedFail = false } = {}) {
  const path = join(folder, `${suite}.json`)
  if (!existsSync(path)) return { passed: 0, failed: complain(suite, 'no report') }
  const report = JSON.parse(readFileSync(path, 'utf8'))
  const skipped = report.numPendingTests + report.numTodoTests
  if (skipped > 0) console.log(`${suite}: ${skipped} skipped${skippedFail ? ', which counts as failed' : ''}`)
  // A file that could not be loaded has no tests that could fail.
  const broken = report.testResults.filter(file => file.status === 'failed' && file.assertionResults.length === 0)
  for (const line of failures(report)) console.log(`${suite}: ${line}`)
  const failed = report.numFailedTests + broken.length + (skippedFail ? skipped : 0)
  const silent = failed === 0 ? countCommand(suite).failed : 0
  const none = report.numPassedTests + failed + silent === 0 ? complain(suite, 'no test ran') : 0
  return { passed: report.numPassedTests, failed: failed + silent + none }
}

/** Of each failed test its file, its name and how its message begins: what is above may have scrolled away. */
function* failures({ testResults }) {
  for (const { name, status, message, assertionResults } of testResults) {
    if (status === 'failed' && assertionResults.length === 0) yield `FAILED ${file(name)}: ${shortened(message)}`
    for (const test of assertionResults) {
      if (test.status !== 'failed') continue
      yield `FAILED ${file(name)} > ${test.fullName}: ${shortened(test.failureMessages[0] ?? '')}`
    }
  }
}

function file(path) {
  return relative(root, path)
}

function shortened(message) {
  return message.split('\n').slice(0, MESSAGE_LINES).join('\n  ')
}

function countCommand(suite) {
  const path = join(folder, `${suite}.status`)
  const status = existsSync(path) ? readFileSync(path, 'utf8').trim() : 'none'
  return { passed: 0, failed: status === '0' ? 0 : complain(suite, `exit status ${status}`) }
}

function complain(suite, what) {
  console.log(`${suite}: ${what}`)
  return 1
}
