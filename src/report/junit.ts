import type { RunResult } from '../metrics/run-result.js'
import { caveatsOf } from './caveats.js'
import { element, xmlText } from './xml.js'

interface Case {
  readonly name: string
  readonly seconds: number
  readonly outcome?: {
    readonly kind: 'failure' | 'error' | 'skipped'
    readonly type: string
    readonly reasons: string[]
  }
}

/**
 * The verdict for those who collect test results: a case for the run, and one per threshold.
 *
 * A run that is `invalid` or `inconclusive` is an error, not skipped: most servers are content with skipped cases, and
 * a gate must not open because nothing could be said. A single threshold about which nothing can be said is skipped,
 * as are all of an invalid run, whose figures say nothing of the master.
 *
 * Elements, order and attributes are those that Ant's schema and Jenkins's have in common; Ant's wants a host, and its
 * time without a zone.
 */
export function junit(run: RunResult): string {
  const cases = [runCase(run), ...run.verdict.thresholds.map(threshold => thresholdCase(run, threshold))]
  const count = (kind: string) => cases.filter(({ outcome }) => outcome?.kind === kind).length
  const suite = element(
    'testsuite',
    {
      name: `mupdate-bench ${run.profile.name}`,
      package: 'mupdate-bench',
      id: 0,
      timestamp: run.startedAt.replace(/(\.\d+)?Z$/, ''),
      hostname: 'localhost',
      tests: cases.length,
      failures: count('failure'),
      errors: count('error'),
      skipped: count('skipped'),
      time: seconds(run.durationMs),
    },
    lines([
      propertiesOf(run),
      ...cases.map(each => caseText(each, `mupdate-bench.${run.profile.name}`)),
      element('system-out', {}, xmlText([...caveatsOf(run), ...run.verdict.reasons].map(line => `${line}\n`).join(''))),
      element('system-err', {}),
    ]),
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', {}, lines([suite]))}\n`
}

/** What is wrong with the run as a whole; a reason that is a threshold's is told in that one's case. */
function runCase(run: RunResult): Case {
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
): Case {
  const common = { name: threshold, seconds: 0 }
  if (run.verdict.result === 'invalid')
    return { ...common, outcome: { kind: 'skipped', type: 'invalid', reasons: [`the run is invalid; ${reason}`] } }
  if (result === 'pass') return common
  return { ...common, outcome: { kind: result === 'fail' ? 'failure' : 'skipped', type: result, reasons: [reason] } }
}

function caseText({ name, seconds: time, outcome }: Case, classname: string): string {
  const attributes = { name, classname, time: time.toFixed(3) }
  if (outcome === undefined) return element('testcase', attributes)
  const { kind, type, reasons } = outcome
  const message = reasons[0] ?? type
  return element('testcase', attributes, element(kind, { type, message }, xmlText(reasons.join('\n'))))
}

function propertiesOf(run: RunResult): string {
  const { master, harness, profile } = run
  const values = {
    id: run.id,
    seed: profile.seed,
    state: run.state,
    simulated: String(run.simulated),
    verdict: run.verdict.result,
    'master.kind': master.kind,
    'master.version': master.version,
    'master.mailboxDatabase': master.mailboxDatabase,
    'harness.version': harness.version,
  }
  const properties = Object.entries(values).map(([name, value]) => element('property', { name, value }))
  return element('properties', {}, lines(properties))
}

function lines(elements: readonly string[]): string {
  return `\n${elements.join('\n')}\n`
}

function seconds(ms: number): string {
  return (ms / 1e3).toFixed(3)
}
