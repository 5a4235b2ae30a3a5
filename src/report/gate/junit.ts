import type { GateMetric, GateResult } from '../../metrics/gate-result.js'
import { type JunitCase, junitSuite } from '../junit-suite.js'
import { headlineOf, sideSentences } from './figures.js'

/** A case for the gate, and one for each measure that decides: one that says nothing is an error, not skipped. */
export function gateJunit(result: GateResult): string {
  const { profile, startedAt, durationMs, metrics, a, b } = result
  return junitSuite({
    profile: profile.name,
    startedAt,
    durationMs,
    properties: {
      id: result.id,
      seed: profile.seed,
      result: result.result,
      'a.master': `${a.master.kind} ${a.master.version}`,
      'b.master': `${b.master.kind} ${b.master.version}`,
    },
    cases: [gateCase(result), ...metrics.filter(({ gating }) => gating).map(measureCase)],
    output: [headlineOf(result), ...result.reasons, ...sideSentences(result)],
  })
}

/** What no single measure says. */
function gateCase({ result, reasons, metrics, durationMs, command }: GateResult): JunitCase {
  const common = { name: command, seconds: durationMs / 1e3 }
  const own = reasons.filter(reason => !metrics.some(metric => metric.gating && metric.reason === reason))
  if (result === 'pass' || (result !== 'invalid' && own.length === 0)) return common
  return { ...common, outcome: { kind: result === 'fail' ? 'failure' : 'error', type: result, reasons: own } }
}

function measureCase({ name, result, reason }: GateMetric): JunitCase {
  const common = { name, seconds: 0 }
  if (result === 'pass' || result === 'improvement') return common
  return {
    ...common,
    outcome: { kind: result === 'regression' ? 'failure' : 'error', type: result, reasons: [reason] },
  }
}
