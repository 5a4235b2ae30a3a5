import type { CapacityFigures, CapacityTrial } from '../../metrics/capacity-result.js'
import type { RunResult } from '../../metrics/run-result.js'
import { judgeThreshold } from '../judge.js'
import type { Threshold } from '../threshold.js'
import { type Broken, causeOf } from './cause.js'
import { deathOf } from './death.js'
import { durationOf } from './evidence.js'
import { timedPhases, timeOf, worst } from './phase-figures.js'

/** What a load has to keep. */
export interface Objective {
  readonly thresholds: readonly ObjectiveThreshold[]
  /** Restarts of the master that the profile plans. */
  readonly plannedRestarts: number
}

export interface ObjectiveThreshold extends Threshold {
  /** Nothing measured is nothing broken: slaves that hear of changes all the time send no NOOP. */
  readonly isOptional: boolean
}

export type Outcome = Pick<CapacityTrial, 'outcome' | 'marginal' | 'objective' | 'cause' | 'figures'>

/** So near to a threshold, as a share of it, another trial may come out otherwise. */
const MARGIN = 1.25
/** So few of what may not be at all may be chance. */
const FEW = 2

/** What a trial says about its load. @param mailboxes of the site */
export function outcomeOf(run: RunResult, objective: Objective, mailboxes: number): Outcome {
  const judged = objective.thresholds.map(threshold => judgedOf(run, threshold))
  const broken = judged.filter(({ result }) => result === 'broken')
  const death = deathOf(run, objective.plannedRestarts)
  const failures = [...failuresOf(run), ...death.failures]
  const dropped = death.dropped === 0 ? [] : [`the master dropped ${counted(death.dropped)} of its slaves`]
  const figures = figuresOf(run, mailboxes)
  const common = { objective: judged.map(({ reason: _, phase: __, path: ___, ...rest }) => rest), figures }
  const texts = [...failures, ...dropped, ...broken.map(({ reason }) => reason)]
  if (run.verdict.result === 'invalid' && !death.isCertain) {
    const because = run.verdict.reasons[0] ?? 'the run was invalid'
    const cause = { resource: 'harness' as const, because, also: [], broken: texts }
    return { ...common, outcome: 'harness', marginal: false, cause }
  }
  if (texts.length === 0) return { ...common, outcome: 'held', marginal: judged.some(isNear), cause: null }
  const marginal = failures.length === 0 && death.dropped <= FEW && broken.every(isNear)
  const cause = { ...causeOf({ run, mailboxes, broken, hasDied: death.isCertain }), broken: texts }
  if (cause.resource === 'harness') return { ...common, outcome: 'harness', marginal: false, cause }
  return { ...common, outcome: 'failed', marginal, cause }
}

type Judged = Omit<CapacityTrial['objective'][number], 'value'> &
  Broken & { readonly value: number | null; readonly reason: string }

function judgedOf(run: RunResult, threshold: ObjectiveThreshold): Judged {
  const { result, value, reason } = judgeThreshold(run, threshold)
  const isUnmeasured = value === undefined && threshold.isOptional
  const isUpper = (threshold.comparison === '<' || threshold.comparison === '<=') && threshold.value > 0
  return {
    threshold: threshold.text,
    phase: threshold.phase,
    path: threshold.path,
    result: isUnmeasured ? 'unmeasured' : result === 'pass' ? 'kept' : 'broken',
    value: value ?? null,
    share: value !== undefined && isUpper ? value / threshold.value : null,
    lowerBound: result === 'inconclusive',
    reason,
  }
}

/** Whether another trial might decide otherwise. What was left open by a lower bound might, too. */
function isNear({ result, share, value, lowerBound }: Judged): boolean {
  if (result === 'unmeasured') return false
  if (lowerBound) return true
  if (share === null) return result === 'broken' && value !== null && value <= FEW
  return share > 1 / MARGIN && share < MARGIN
}

/** What failed beyond thresholds: phases that did not come to their end, a thrash. */
function failuresOf({ verdict }: RunResult): string[] {
  const own = verdict.result === 'fail' ? verdict.reasons : []
  return own.filter(reason => !verdict.thresholds.some(threshold => threshold.reason === reason))
}

function counted(connections: number): string {
  return connections === 1 ? 'the connection of one' : `${connections} connections`
}

function figuresOf(run: RunResult, mailboxes: number): CapacityFigures {
  const timed = timedPhases(run)
  const noop = worst(timed.map(({ commands }) => timeOf(commands['NOOP.slave'])))
  const create = worst(timed.map(({ operations }) => timeOf(operations.create)))
  const cpuMs = timed.map(({ master }) => master?.cpuMs)
  const lengthMs = durationOf(timed)
  const isKnown = cpuMs.length > 0 && cpuMs.every(ms => ms !== undefined)
  return {
    mailboxes,
    slaves: run.slaves.count,
    dumpMs: run.slaves.dumpHoldMs,
    noopSlaveP99Us: noop?.p99 ?? null,
    createP99Us: create?.p99 ?? null,
    masterCores: isKnown && lengthMs > 0 ? cpuMs.reduce<number>((sum, ms) => sum + (ms ?? 0), 0) / lengthMs : null,
    masterRssBytes: run.master.rssPeakBytes,
    lowerBounds: [
      ...(noop?.lowerBounds.includes('p99') === true ? (['noopSlaveP99Us'] as const) : []),
      ...(create?.lowerBounds.includes('p99') === true ? (['createP99Us'] as const) : []),
    ],
  }
}
