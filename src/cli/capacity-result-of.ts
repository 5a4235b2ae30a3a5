import type { Calibration } from '../masters/model/calibration.js'
import { modelSettings } from '../masters/model/settings.js'
import type { Estimate } from '../limits/estimate.js'
import type { LimitInputs } from '../limits/limits.js'
import type { CapacityJournalLine, CapacityResult, CapacityTrial } from '../metrics/capacity-result.js'
import type { Profile } from '../profile/load.js'
import { costsOf } from '../verdict/capacity/costs.js'
import { durationOf } from '../verdict/capacity/evidence.js'
import { limitOf } from '../verdict/capacity/limit-of.js'
import { predictionsOf } from '../verdict/capacity/predictions.js'
import type { CapacityPlan } from './capacity-folder.js'
import type { CampaignEnd } from './capacity-search.js'
import { newIdentity } from './identity.js'
import type { VariedProfile } from './capacity-vary.js'

export interface ResultContext {
  readonly plan: CapacityPlan
  readonly varied: VariedProfile
  readonly calibration: Calibration
  /** Where it comes from. */
  readonly calibrationName: string
}

/**
 * All that a search has found.
 *
 * @param isOver whether it came to its own end
 * @param lostMs what a trial took that was cut off
 */
export function capacityResult(
  { plan, varied, calibration, calibrationName }: ResultContext,
  lines: readonly CapacityJournalLine[],
  { first, points }: CampaignEnd,
  isOver: boolean,
  lostMs: number,
): CapacityResult {
  const trials = lines.map(({ trial }) => trial)
  const of = (at: number | null) => trials.filter(trial => trial.at === at)
  const [axis, second] = plan.axes
  const found = limitOf(first, of(null))
  const { version, host } = newIdentity(varied.base)
  const master = lines.at(-1)?.master ?? null
  return {
    schema: 'mupdate-bench/capacity/1',
    id: plan.id,
    profile: plan.profile,
    startedAt: plan.startedAt,
    state: isOver ? 'ended' : 'interrupted',
    simulated: plan.master === null,
    axis: axis!,
    ...found,
    objective: varied.objective.thresholds.map(({ text }) => text),
    budgetMs: plan.budgetMs,
    spentMs: durationOf(trials) + lostMs,
    ownStreams: ownStreams(varied.base),
    master,
    predictions: predictionsOf(axis!, limitInputs(varied.start, calibration, of(null), master?.settings ?? {}), found),
    calibration: calibrationName,
    frontier:
      second === undefined
        ? null
        : { axis: second, points: points.map(({ at, conclusion }) => ({ at, ...limitOf(conclusion, of(at)) })) },
    trials,
    costs: costsOf(axis!, trials),
    harness: { version, node: process.version, host: { ...host } },
  }
}

function ownStreams({ probes, phases }: Profile): number {
  return phases.some(({ run }) => run.includes('probes')) ? probes.streaming : 0
}

/** What the formulas are asked: the profile as it is, the master's own settings, and the time of a list as it was measured. */
function limitInputs(
  profile: Profile,
  calibration: Calibration,
  trials: readonly CapacityTrial[],
  settings: Readonly<Record<string, string>>,
): LimitInputs {
  const { arrivals, connection } = profile.backends
  const rate = arrivals.kind === 'constant' || arrivals.kind === 'poisson' ? arrivals.rate : undefined
  const list = measuredList(trials, profile.site.mailboxes)
  const creates = profile.phases.some(({ run }) => run.includes('backends'))
  return {
    mailboxes: profile.site.mailboxes,
    slaves: profile.slaves.count,
    retryDelayMs: profile.slaves.retryDelay / 1e6,
    settings: modelSettings(settings),
    calibration,
    others: keepsWorker(profile) ? ownStreams(profile) : 0,
    resyncs: restarted(profile),
    ...(list === undefined ? {} : { listMs: list }),
    ...(creates && rate !== undefined ? { createsPerSecond: rate, changesStream: rate >= 1 } : {}),
    ...(connection === 'per-operation' ? { connectionPerCreate: true } : {}),
  }
}

/** A NOOP sets its stream's worker free until a timer of 5 s fires again (imap/mupdate.c update_wait). */
function keepsWorker({ probes }: Profile): boolean {
  return probes.rate < 1 / UPDATE_WAIT_S
}

const UPDATE_WAIT_S = 5

/** Most slaves that the profile restarts at once. */
function restarted({ phases, slaves }: Profile): number {
  const events = phases.flatMap(phase => phase.events).filter(event => event.do === 'restart')
  return Math.max(0, ...events.map(event => event.slaves ?? slaves.count))
}

/** Of trials with as many mailboxes as the profile has. */
function measuredList(trials: readonly CapacityTrial[], mailboxes: number): Estimate | undefined {
  const times = trials
    .filter(({ figures, outcome }) => figures.mailboxes === mailboxes && outcome !== 'harness')
    .flatMap(({ figures }) => figures.dumpMs ?? [])
    .sort((a, b) => a - b)
  if (times.length === 0) return undefined
  return { low: times[0]!, likely: times[Math.floor(times.length / 2)]!, high: times.at(-1)! }
}
