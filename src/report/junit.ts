import type { RunResult } from '../metrics/run-result.js'
import { caveatsOf } from './caveats.js'
import { type JunitCase, junitSuite } from './junit-suite.js'

/**
 * The verdict for those who collect test results: a case for the run, and one per threshold.
 *
 * A run that is `invalid` or `inconclusive` is an error, not skipped: most servers are content with skipped cases, and
 * a gate must not open because nothing could be said. A single threshold about which nothing can be said is skipped,
 * as are all of an invalid run, whose figures say nothing of the master.
 */
export function junit(run: RunResult): string {
  return junitSuite({
    profile: run.profile.name,
    startedAt: run.startedAt,
    durationMs: run.durationMs,
    properties: propertiesOf(run),
    cases: [runCase(run), ...run.verdict.thresholds.map(threshold => thresholdCase(run, threshold))],
    output: [...caveatsOf(run), ...run.verdict.reasons],
  })
}

/** What is wrong with the run as a whole; a reason that is a threshold's is told in that one's case. */
function runCase(run: RunResult): JunitCase {
  const { result, reasons, thresholds } = run.verdict
  const own = reasons.filter(reason => !thresholds.some(threshold => threshold.reason === reason))
  const common = { name: 'run', seconds: run.durationMs / 1e3 }
  switch (result) {
    case 'pass':
      return common
    case 'fail':
      return own.length === 0 ? common : { ...common, outcome: { kind: 'failure', type: result, reasons: own } }
    case 'inconclusive':
    case 'invalid':
      return { ...common, outcome: { kind: 'error', type: result, reasons } }
  }
}

function thresholdCase(
  run: RunResult,
  { threshold, result, reason }: RunResult['verdict']['thresholds'][number],
): JunitCase {
  const common = { name: threshold, seconds: 0 }
  if (run.verdict.result === 'invalid')
    return { ...common, outcome: { kind: 'skipped', type: 'invalid', reasons: [`the run is invalid; ${reason}`] } }
  if (result === 'pass') return common
  return { ...common, outcome: { kind: result === 'fail' ? 'failure' : 'skipped', type: result, reasons: [reason] } }
}

function propertiesOf({
  master,
  harness,
  profile,
  id,
  state,
  simulated,
  verdict,
}: RunResult): Record<string, string | number> {
  return {
    id,
    seed: profile.seed,
    state,
    simulated: String(simulated),
    verdict: verdict.result,
    'master.kind': master.kind,
    'master.version': master.version,
    'master.mailboxDatabase': master.mailboxDatabase,
    'harness.version': harness.version,
  }
}
