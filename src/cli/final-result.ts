import { formatCount, formatDurationUs } from '../core/units.js'
import { EXIT, type ExitStatus } from '../core/exit-status.js'
import { type Held, missingFrom } from '../engine/held.js'
import type { Condition } from '../engine/plan.js'
import { stepMetric } from '../metrics/recorder.js'
import type { RunResult, Verdict } from '../metrics/run-result.js'
import type { Profile } from '../profile/load.js'
import {
  isInterruptedByUser,
  type MasterFacts,
  type RunIdentity,
  type RunRecord,
  runJson,
  saturationReasons,
} from '../report/run-json.js'
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
  /** What it has gone on with: all of it is one rehearsal. */
  before: readonly RunResult[] = [],
): RunResult {
  // Operations that never end are measured; a comparison that was not made is said below.
  const forgiving: (Condition | undefined)[] = ['idle', 'converged']
  const measured = runJson(identity, run, master, run.endNs ?? 0)
  const limits = run.phases.filter(phase => phase.ended === 'limit' && !forgiving.includes(phase.plan.until))
  const parts = [...before, measured]
  const stopped = run.stopReason === undefined ? [] : [`stopped: ${run.stopReason}`]
  const differences = parts.flatMap(({ slaves }) => comparisonFailures(slaves, profile.expects))
  // Where a thread's last figures are lost, what it was told is not known either.
  const isLoss = run.lostFigures.length === 0
  const held =
    run.held === undefined || run.serversListed === undefined
      ? undefined
      : heldFailures(run.serversListed, run.held, profile)
  const losses = isLoss ? [...(run.listShrank === true ? stopped : []), ...differences, ...(held ?? [])] : []
  const saturated = [
    ...(before.some(({ generator }) => generator.saturated)
      ? ['before it was broken off, the harness was the limit']
      : []),
    ...saturationReasons(run),
  ]
  const verdict = judge(parts, profile.thresholds, {
    // A master that is gone is why the status is what it is, and may be why the harness was the limit.
    saturated: lost === undefined || saturated.length === 0 ? saturated : [lost, ...saturated],
    losses,
    failures: [
      ...[...stopped, ...differences, ...(held ?? [])].filter(reason => !losses.includes(reason)),
      ...(run.refused === undefined
        ? []
        : [
            `the master refused ${formatCount(run.refused.count)} mailboxes that it was to hold, such as ${run.refused.first}`,
          ]),
      ...(lost === undefined ? [] : [lost]),
      ...(held === undefined ? countFailures(measured, profile) : []),
      ...thrashFailures(measured, profile),
      ...parts.flatMap(({ slaves }) => awayFailures(slaves, profile.expects)),
      ...emptySteps(parts, profile),
      ...before.flatMap(part => brokenSteps(part, false)),
      ...brokenSteps(measured),
      ...limits.map(({ plan }) => `${plan.name}: not ${plan.until} within ${plan.limitNs / 1e9} s`),
    ],
    expected: [...expectedTrouble(measured, profile.expects), ...missingTrouble(measured, profile)],
    inconclusive: [
      ...(isInterruptedByUser(run) ? ['interrupted'] : []),
      ...(run.lostShares ?? []),
      ...measured.slaves.comparisons.flatMap(({ phase, failure }) =>
        failure === null || profile.expects.includes('thrash')
          ? []
          : [`${phase}: slaves were not compared with what they should hold: ${failure}`],
      ),
    ],
  })
  return { ...measured, verdict }
}

/** Of a step in a profile, what is counted when it does something. */
const DEEDS: readonly (readonly [
  step: 'move' | 'replace' | 'renameDomain' | 'delete' | 'setAcl',
  operation: string,
])[] = [
  ['move', 'moveOut'],
  ['replace', 'moveOut'],
  ['renameDomain', 'rename'],
  ['delete', 'delete'],
  ['setAcl', 'setacl'],
]

/** A step is done when all of it is; of what arrives by chance meanwhile thresholds speak. */
export function brokenSteps({ phases }: Pick<RunResult, 'phases'>, isLast = true): string[] {
  return phases.flatMap(({ name, steps }) => {
    // What was under way when it was broken off has been put right.
    const bad = Object.values(steps).reduce(
      (sum, { failed, unfinished }) => sum + failed + (isLast ? unfinished : 0),
      0,
    )
    return bad === 0
      ? []
      : [
          `${name}: ${formatCount(bad)} of its own operations were refused, never answered, or not sent after such a one`,
        ]
  })
}

/** Whoever plans something for mailboxes that are not there has made a mistake in their names. */
export function emptySteps(parts: readonly Pick<RunResult, 'phases'>[], profile: Profile): string[] {
  const phases = parts.flatMap(part => part.phases)
  return DEEDS.flatMap(([kind, operation]) =>
    profile.phases
      .filter(({ step }) => step?.[kind] !== undefined)
      .filter(({ name }) =>
        isEmptyStep(
          phases.filter(phase => phase.name === name),
          operation,
        ),
      )
      .map(({ name }) => `${name}: there was no mailbox to ${kind}`),
  )
}

/** @param phases one; more where it was broken off, and gone on with */
function isEmptyStep(phases: RunResult['phases'], operation: string): boolean {
  const [only, ...more] = phases
  // What was done in the last second before it was broken off is in no result.
  return more.length === 0 && only?.ended === 'condition' && only.steps[stepMetric(operation)] === undefined
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

/** On a master that is quicker than the profile's author's nothing happens; that is no surprise to be left with. */
function missingTrouble({ slaves }: RunResult, profile: Profile): string[] {
  const { thrash, dumpHoldMs, retryDelayMs, count } = slaves
  if (!profile.expects.includes('thrash') || thrash.state !== 'none' || dumpHoldMs === null) return []
  const events = profile.phases.flatMap(phase => phase.events).filter(event => event.do === 'restart')
  const restarted = Math.max(0, ...events.map(event => event.slaves ?? count))
  const stallMs = restarted * dumpHoldMs
  // Lists that were long enough did not begin it for another reason.
  if (restarted === 0 || stallMs >= SURELY * retryDelayMs) return []
  const [lists, from, to] = [stallMs, retryDelayMs, 2 * retryDelayMs].map(ms => formatDurationUs(ms * 1e3))
  const mailboxes = Math.ceil((profile.site.mailboxes * SURELY * retryDelayMs) / stallMs / ROUND) * ROUND
  return [
    `no thrash, though the profile expects one: ${restarted} lists took ${lists} here, and a slave bears ${from} to ${to}; see --set site.mailboxes=${mailboxes}`,
  ]
}

/** Retry delays that lists have to take together so that one surely begins: it takes two and what lies between. */
const SURELY = 3
const ROUND = 10_000

/** Of each comparison, with the name of its phase. */
export function comparisonFailures(
  { comparisons, differences }: Pick<RunResult['slaves'], 'comparisons' | 'differences'>,
  expects: Profile['expects'],
): string[] {
  if (expects.includes('differences')) return []
  return comparisons.flatMap(({ phase, differenceCount }) => {
    if ((differenceCount ?? 0) === 0) return []
    const first = differences.find(difference => difference.phase === phase)
    const such = first === undefined ? '' : `, such as ${first.where}: ${first.kind} ${first.name}`
    return [`${phase}: not all hold what they should: ${differenceCount} differences${such}`]
  })
}

/** Whatever befell the master: after a step it is known what it should hold. */
export function heldFailures(listed: ReadonlyMap<string, number>, held: Held, { expects }: Profile): string[] {
  const missing = expects.includes('differences') ? undefined : missingFrom(listed, held)
  return missing === undefined ? [] : [missing]
}

export function awayFailures(
  { comparisons }: Pick<RunResult['slaves'], 'comparisons'>,
  expects: Profile['expects'],
): string[] {
  // Where resyncs never end, some are always away; and that is said already.
  if (expects.includes('away') || expects.includes('thrash')) return []
  return comparisons.flatMap(({ phase, away }) =>
    away.length === 0 ? [] : [`${phase}: ${away.length} slaves were not there when they were to be compared`],
  )
}

/** Of ours alone is it known what was there before, and of one that died what it had stored. */
export function countFailures({ state, master, total: { operations } }: RunResult, profile: Profile): string[] {
  const { mailboxesListed: listed, kind, restarts } = master
  const runs = new Set(profile.phases.flatMap(phase => phase.run))
  if (listed === null || !runs.has('preload') || profile.expects.includes('differences')) return []
  const { mailboxes } = profile.site
  if (!runs.has('backends') && profile.phases.every(({ step }) => step === undefined))
    return listed === mailboxes ? [] : [`the master lists ${listed} mailboxes, not ${mailboxes}`]
  if (state !== 'ended' || kind === 'remote' || restarts > 0) return []
  // A name may be renamed to, deleted and made again: how many those leave is the catalogue's to know.
  if (Object.keys(operations).some(kind => !COUNTABLE.includes(kind))) return []
  const { count = 0, failed = 0, unfinished = 0 } = operations.create ?? {}
  const open = failed + unfinished
  const [least, most] = [mailboxes + count - open, mailboxes + count]
  if (listed >= least && listed <= most) return []
  const wanted = open === 0 ? String(least) : `${least} to ${most}`
  return [`the master lists ${listed} mailboxes, not the ${wanted} that it said were stored`]
}

const COUNTABLE: readonly string[] = ['create', 'find', 'setacl', 'moveOut', 'moveIn', 'push']
