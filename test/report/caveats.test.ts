import { expect, it } from 'vitest'
import type { RunResult } from '../../src/metrics/run-result.js'
import { caveats } from '../../src/report/html/verdict.js'
import { markdown } from '../../src/report/markdown.js'
import { summaryText } from '../../src/report/summary.js'
import { recordedRun } from './recorded.js'

type Format = (run: RunResult) => string

it.each<[string, Format]>([
  ['the summary', summaryText],
  ['markdown', markdown],
  ['the page', caveats],
])('%s says that a master was not verified, and nothing where that is not so', (_, format) => {
  const reached = (verified: boolean | null) =>
    recordedRun(run => {
      run.master.security = { tls: 'TLSv1.3, X', verified, mechanism: 'PLAIN', compression: null }
    })
  expect(format(reached(false))).toMatch(/not\s+verified/i)
  for (const verified of [true, null]) expect(format(reached(verified))).not.toMatch(/not\s+verified/i)
})
