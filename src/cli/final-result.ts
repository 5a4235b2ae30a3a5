import { EXIT, type ExitStatus } from '../core/exit-status.js'
import type { Condition } from '../engine/plan.js'
import type { RunResult, Verdict } from '../metrics/run-result.js'
import type { Profile } from '../profile/load.js'
import { type MasterFacts, type RunIdentity, type RunRecord, runJson, saturationReasons } from '../report/run-json.js'
import { judge } from '../verdict/judge.js'

/** Exit status of a run that has nothing but its verdict to say. */
export const VERDICT_STATUS: Record<Verdict['result'], ExitStatus> = {
  pass: EXIT.pass,
  fail: EXIT.threshold,
  invalid: EXIT.invalid,
  inconclusive: EXIT.inconclusive,
}

/** `run.json` of what has ended, with its verdict. @param lost why the master is gone, where it is */
export function finalResult(
  identity: RunIdentity,
  run: RunRecord,
  master: MasterFacts,
  profile: Profile,
  lost: string | undefined,
): RunResult {
  // Operations that never end are measured; a comparison that was not made is said below.
  const forgiving: (Condition | undefined)[] = ['idle', 'converged']
  const measured = runJson(identity, run, master, run.endNs ?? 0)
  const limits = run.phases.filter(phase => phase.ended === 'limit' && !forgiving.includes(phase.plan.until))
  const verdict = judge(measured, profile.thresholds, {
    saturated: saturationReasons(run),
    failures: [
      ...(lost === undefined ? [] : [lost]),
      ...countFailures(run, profile),
      ...thrashFailures(measured, profile),
      ...comparisonFailures(measured.slaves, profile.expects),
      ...limits.map(({ plan }) => `${plan.name}: not ${plan.until} within ${plan.limitNs / 1e9} s`),
    ],
    expected: expectedTrouble(measured, profile.expects),
    inconclusive: [
      ...(run.interrupted ? ['interrupted'] : []),
      ...measured.slaves.comparisons.flatMap(({ phase, failure }) =>
        failure === null || profile.expects.includes('thrash')
          ? []
          : [`${phase}: slaves were not compared with what they should hold: ${failure}`],
      ),
    ],
  })
  return { ...measured, verdict }
}

/** A murder that does not come to rest by itself has failed, unless that was to be shown. */
function thrashFailures({ slaves }: RunResult, profile: Profile): string[] {
  if (slaves.thrash.state !== 'sustained' || profile.expects.includes('thrash')) return []
  return ['frontends thrash: their resyncs cause resyncs, to the end']
}

/** A pass is not to be read as calm. */
function expectedTrouble({ slaves }: RunResult, expects: Profile['expects']): string[] {
  const isThrashing = slaves.thrash.state === 'sustained' && expects.includes('thrash')
  return [
    ...(isThrashing ? ['frontends thrash to the end, as the profile expects'] : []),
    ...(expects.includes('differences') && (slaves.differenceCount ?? 0) > 0
      ? [`${slaves.differenceCount} differences, as the profile expects`]
      : []),
  ]
}

/** Of each comparison, with the name of its phase. */
export function comparisonFailures(
  { comparisons, differences }: Pick<RunResult['slaves'], 'comparisons' | 'differences'>,
  expects: Profile['expects'],
): string[] {
  // Where resyncs never end, some are always away; and that is said already.
  const mayBeAway = expects.includes('away') || expects.includes('thrash')
  const mayDiffer = expects.includes('differences')
  return comparisons.flatMap(({ phase, away, differenceCount }) => {
    const first = differences.find(difference => difference.phase === phase)
    const such = first === undefined ? '' : `, such as ${first.where}: ${first.kind} ${first.name}`
    return [
      ...(mayDiffer || (differenceCount ?? 0) === 0
        ? []
        : [`${phase}: not all hold what they should: ${differenceCount} differences${such}`]),
      ...(mayBeAway || away.length === 0
        ? []
        : [`${phase}: ${away.length} slaves were not there when they were to be compared`]),
    ]
  })
}

/** Without operations, just what was preloaded has to be there. */
function countFailures(run: RunRecord, profile: Profile): string[] {
  const { mailboxesListed: listed } = run
  const runs = new Set(profile.phases.flatMap(phase => phase.run))
  if (listed === undefined || !runs.has('preload') || runs.has('backends')) return []
  if (listed === profile.site.mailboxes || profile.expects.includes('differences')) return []
  return [`the master lists ${listed} mailboxes, not ${profile.site.mailboxes}`]
}
