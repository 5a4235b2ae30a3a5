import { formatCount } from '../core/units.js'
import { createLockUs, listMs, mergeMs } from '../limits/costs.js'
import { type Estimate, times } from '../limits/estimate.js'
import type { Calibration } from '../masters/model/calibration.js'
import type { PlanCost, PlanState, SitePlan } from '../metrics/site-plan-result.js'
import type { Site } from './schema.js'

/** A calibration is held to predict a list's time at a multiple of its mailboxes within so much (docs/performance.md). */
const EXTRAPOLATION = 0.15

export type Relation = SitePlan['calibration']['relation']

export function relationOf({ master }: Site, { host }: Calibration): Relation {
  if (master.cpu === null) return 'unknown'
  const isSame = master.cpu === host.cpuModel && (master.cores === null || master.cores === host.cores)
  return isSame ? 'same CPU model' : 'another host'
}

const RELATIONS: Record<Relation, string> = {
  'same CPU model': 'made on a host of the same CPU model as the site’s master',
  'another host': 'made on another host than the site’s master',
  unknown: 'whether on a host like the site’s master is unknown',
}
const SHORT_RELATIONS: Record<Relation, string> = {
  'same CPU model': 'a host of the same CPU model',
  'another host': 'another host',
  unknown: 'a host that may be another',
}

export function hostText({ host }: Calibration): string {
  const { cpuModel, cores } = host
  return `${typeof cpuModel === 'string' ? cpuModel : 'unknown CPU'}, ${typeof cores === 'number' ? cores : '?'} cores`
}

interface Source {
  readonly source: string
  readonly short: string
}

/** Where a calibration's figure comes from, and how far it was stretched. */
function sourceOf(site: Site, calibration: Calibration, mailboxes?: number): Source {
  const { master, madeAt, mailboxes: own } = calibration
  const relation = relationOf(site, calibration)
  const made = `calibration of ${master.kind} ${master.version}, ${master.mailboxDatabase}, ${madeAt.slice(0, 10)}, ${RELATIONS[relation]} (${hostText(calibration)})`
  const short = `calibration of ${SHORT_RELATIONS[relation]}`
  if (mailboxes === undefined) return { source: made, short }
  if (mailboxes <= own)
    return { source: `${made}; within the ${formatCount(own)} mailboxes that it was made with`, short }
  return {
    source: `${made}; extrapolated from ${formatCount(own)} mailboxes to ${formatCount(mailboxes)}, ± ${EXTRAPOLATION * 100} %`,
    short: `${short}, extrapolated × ${(mailboxes / own).toFixed(1)}, ± ${EXTRAPOLATION * 100} %`,
  }
}

function stretched(estimate: Estimate, mailboxes: number, calibration: Calibration): Estimate {
  if (mailboxes <= calibration.mailboxes) return estimate
  return { ...estimate, low: estimate.low * (1 - EXTRAPOLATION), high: estimate.high * (1 + EXTRAPOLATION) }
}

/** What the site's own logs say is worth more than any calibration. Both are in the list, `used` says which counts. */
export function costsOf(site: Site, state: PlanState, calibration: Calibration): PlanCost[] {
  return [
    ...listCosts(site, state, calibration),
    ...mergeCosts(site, state, calibration),
    createCost(site, state, calibration),
  ]
}

function listCosts(site: Site, { name: state, mailboxes }: PlanState, calibration: Calibration): PlanCost[] {
  const title = 'one list, which keeps the lock'
  const measured = site.measured?.listSeconds ?? null
  const calibrated: PlanCost = {
    name: 'list',
    state,
    title,
    ms: stretched(listMs(calibration, mailboxes), mailboxes, calibration),
    basis: 'calibration',
    used: measured === null,
    ...sourceOf(site, calibration, mailboxes),
  }
  if (measured === null) return [calibrated]
  const factor = scaleOf(site, mailboxes)
  return [
    {
      name: 'list',
      state,
      title,
      ms: times(measured, 1e3 * factor),
      basis: 'measured',
      used: true,
      ...measuredSource(site, factor),
    },
    calibrated,
  ]
}

function mergeCosts(site: Site, { name: state, mailboxes }: PlanState, calibration: Calibration): PlanCost[] {
  const title = 'a frontend writes the list into its own database'
  const measured = site.measured?.mergeSeconds ?? null
  const calibrated = mergeMs(calibration, mailboxes)
  const factor = scaleOf(site, mailboxes)
  const own: PlanCost[] =
    measured === null
      ? []
      : [
          {
            name: 'merge',
            state,
            title,
            ms: times(measured, 1e3 * factor),
            basis: 'measured',
            used: true,
            ...measuredSource(site, factor),
          },
        ]
  const other: PlanCost =
    calibrated === undefined
      ? {
          name: 'merge',
          state,
          title,
          ms: null,
          basis: 'unknown',
          used: own.length === 0,
          source: 'the calibration has no real slave',
          short: 'unknown',
        }
      : {
          name: 'merge',
          state,
          title,
          ms: stretched(calibrated, mailboxes, calibration),
          basis: 'calibration',
          used: own.length === 0,
          ...sourceOf(site, calibration, mailboxes),
        }
  return [...own, other]
}

function createCost(site: Site, { name: state, slaves }: PlanState, calibration: Calibration): PlanCost {
  return {
    name: 'create',
    state,
    title: `one create with the lock, ${slaves} slaves to tell`,
    ms: times(createLockUs(calibration, slaves), 1e-3),
    basis: 'calibration',
    used: true,
    ...sourceOf(site, calibration),
  }
}

/** Of what was measured with fewer or more mailboxes: a list takes as much longer as it is longer. */
function scaleOf({ measured, mailboxes: now }: Site, mailboxes: number): number {
  return mailboxes / (measured?.mailboxes ?? now)
}

function measuredSource({ measured, mailboxes }: Site, factor: number): Source {
  const asNow = measured!.mailboxes === null ? '; taken for as many mailboxes as now' : ''
  const from = `measured there: ${measured!.from}${asNow}`
  if (Math.abs(factor - 1) < 0.005) return { source: from, short: 'measured there' }
  const scaled = `scaled × ${factor.toFixed(2)}`
  return {
    source: `${from}; with ${formatCount(measured!.mailboxes ?? mailboxes)} mailboxes, ${scaled}`,
    short: `measured there, ${scaled}`,
  }
}

/** @returns undefined where it is unknown */
export function usedCost(
  costs: readonly PlanCost[],
  name: PlanCost['name'],
  state: PlanState['name'],
): Estimate | undefined {
  return costs.find(cost => cost.name === name && cost.state === state && cost.used)?.ms ?? undefined
}
