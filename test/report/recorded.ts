import { readFileSync } from 'node:fs'
import { type RunResult, runResultSchema } from '../../src/metrics/run-result.js'

const path = new URL('../metrics/older-run.json', import.meta.url)

/** Names as nobody would choose them, and as every format has to survive them. */
export const NASTY = 'a|b <i>&amp;"\'`*_x_* ]]> \\ \u0000\u001b[31m\ud800\r\n\t@x, =1+1 é 漢 😀'

/** A run from the shelf, with what a test is about put in. */
export function recordedRun(change: (run: RunResult) => void = () => {}): RunResult {
  const run = runResultSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  change(run)
  return run
}

export function withVerdict(
  result: RunResult['verdict']['result'],
  thresholds: RunResult['verdict']['thresholds'],
  reasons = thresholds.map(({ reason }) => reason),
): RunResult {
  return recordedRun(run => {
    run.verdict = { result, reasons, thresholds }
  })
}

/** As the harness leaves it when it is killed: no verdict, some things not known. */
export function cutOffRun(): RunResult {
  return recordedRun(run => {
    run.state = 'running'
    run.verdict = { result: 'inconclusive', reasons: ['the run had not ended when this was written'], thresholds: [] }
    run.master.mailboxesListed = null
    run.master.rssPeakBytes = null
    run.noiseFloor = null
  })
}
