import { formatCount, formatDurationUs } from '../core/units.js'
import { DISK_CREATES_PER_SECOND, isOfDisk } from '../limits/costs.js'
import type { Estimate } from '../limits/estimate.js'
import { type PredictedLimit, predictedLimits } from '../limits/limits.js'
import type { Axis, LimitCause } from '../metrics/capacity-result.js'
import { thrashNeeds } from '../limits/restart.js'
import type { Calibration } from '../masters/model/calibration.js'
import type { PlanLimit, PlanState } from '../metrics/site-plan-result.js'
import { asCreates, changesOf, perSecondOf } from './changes.js'
import type { Site } from './schema.js'
import { settingsOf } from './states.js'

const TITLES: Record<Axis, string> = {
  resyncs: 'lists at once, before their time makes a slave time out',
  mailboxes: 'mailboxes, before all slaves but one, restarted, make the last one time out',
  slaves: 'slaves',
  creates: 'creates a second',
  kicks: 'kicks a second',
  connections: 'new connections a second',
}
const DAY_MS = 86_400_000
/** Growth of a century is none. */
const FARTHEST_DAYS = 36_500

/** Every limit, what the site has of it, and when growth has used it up: the nearest first, those of which that is unknown last. */
export function limitsOf(site: Site, state: PlanState, listMs: Estimate, calibration: Calibration): PlanLimit[] {
  const changes = changesOf(site, state)
  const predicted = predictedLimits({
    mailboxes: state.mailboxes,
    slaves: state.slaves,
    retryDelayMs: site.slaves.retryDelay,
    settings: settingsOf(site),
    calibration,
    listMs,
    connectionPerCreate: site.operations.connection === 'each',
    ...(changes === undefined ? {} : { createsPerSecond: Number(asCreates(changes).high.toPrecision(3)) }),
  })
  const all = [
    ...predicted.map(limit => planLimit(limit, site, state)),
    ...thrashLimit(site, state, listMs),
    ...descriptorLimit(site, state),
    ...diskLimit(site, state, calibration),
  ]
  return all.toSorted((a, b) => (a.headroom ?? Infinity) - (b.headroom ?? Infinity))
}

function planLimit(limit: PredictedLimit, site: Site, state: PlanState): PlanLimit {
  const { axis, cause, low, high, arithmetic } = limit
  return {
    axis,
    cause,
    title: titleOf(limit, site),
    state: state.name,
    ...headroom(nowOf(axis, cause, site, state), low),
    low,
    high,
    reachedOn: axis === 'mailboxes' ? reachedOn(site, state, low) : null,
    arithmetic,
  }
}

function titleOf(limit: PredictedLimit, { operations }: Site): string {
  const title = plainTitleOf(limit)
  const isOfChanges = limit.axis === 'creates' || (limit.axis === 'slaves' && limit.cause === 'mailboxes lock')
  const hasOthers = isOfChanges && (operations.otherChangesPerSecond ?? 0) > 0
  return hasOthers ? `${title}, other changes counted with them` : title
}

function plainTitleOf({ axis, cause }: PredictedLimit): string {
  if (cause === 'mailboxes lock' && axis === 'slaves')
    return 'slaves, before telling them of creates takes all of the lock'
  if (cause === 'thread pegged' && axis === 'creates') return 'creates a second, each with a connection of its own'
  return axis === 'slaves' ? `slaves, before ${cause} run out` : TITLES[axis]
}

function headroom(now: number | null, low: number): { now: number | null; headroom: number | null } {
  return { now, headroom: now === null || now === 0 ? null : low / now }
}

function nowOf(axis: Axis, cause: LimitCause, site: Site, state: PlanState): number | null {
  const known = changesOf(site, state)
  const changes = known === undefined ? null : perSecondOf(known)
  switch (axis) {
    case 'resyncs':
      return state.slaves - 1
    case 'mailboxes':
      return state.mailboxes
    case 'slaves':
      return state.slaves
    case 'creates':
      // Each has a connection, and keeps the lock for as long as more or fewer creates.
      return known === undefined || cause === 'thread pegged' ? changes : asCreates(known).high
    case 'kicks':
      return changes
    case 'connections':
      return site.operations.connection === 'each' ? changes : null
  }
}

/** From how many mailboxes on some restart of some frontends can cause resyncs that cause resyncs. */
function thrashLimit(site: Site, state: PlanState, listMs: Estimate): PlanLimit[] {
  const needs = thrashNeeds(state.slaves, site.slaves.retryDelay)
  if (needs === undefined) return []
  const [low, high] = [listMs.high, listMs.low].map(ms => Math.floor((state.mailboxes * needs.listMs) / ms))
  const each = formatDurationUs((listMs.likely * 1e3) / state.mailboxes)
  return [
    {
      axis: 'mailboxes',
      cause: 'mailboxes lock',
      title: 'mailboxes, before a restart of some frontends can begin a thrash',
      state: state.name,
      ...headroom(state.mailboxes, low!),
      low: low!,
      high: high!,
      reachedOn: reachedOn(site, state, low!),
      arithmetic: `worst is a restart of ${needs.restarted} of ${state.slaves}: their lists make the others time out, and the lists of those ${state.slaves - needs.restarted} others in turn, from ${formatDurationUs(needs.listMs * 1e3)} a list on ÷ ${each} a mailbox = ${formatCount(low!)} … ${formatCount(high!)}`,
    },
  ]
}

/** cyrus.conf's maxfds, where it is less than what Cyrus may accept. */
function descriptorLimit(site: Site, { name: state, slaves }: PlanState): PlanLimit[] {
  const { maxfds } = site.master
  const { connectionsMax } = settingsOf(site)
  if (maxfds === null || maxfds >= connectionsMax + OWN_DESCRIPTORS) return []
  const low = Math.max(0, maxfds - OWN_DESCRIPTORS)
  return [
    {
      axis: 'slaves',
      cause: 'descriptors',
      title: 'slaves, before descriptors run out',
      state,
      ...headroom(slaves, low),
      low,
      high: maxfds,
      reachedOn: null,
      arithmetic: `maxfds=${maxfds} of cyrus.conf − ${OWN_DESCRIPTORS} of mupdate’s own = ${low}`,
    },
  ]
}

/** What a calibration of tmpfs says nothing of. */
function diskLimit(site: Site, state: PlanState, calibration: Calibration): PlanLimit[] {
  if (site.master.place === 'tmpfs' || isOfDisk(calibration)) return []
  const { one: low, eight: high } = DISK_CREATES_PER_SECOND
  return [
    {
      axis: 'creates',
      cause: 'disk sync',
      title: 'creates a second, where mailboxes.db is on a disk',
      state: state.name,
      ...headroom(nowOf('creates', 'disk sync', site, state), low),
      low,
      high,
      reachedOn: null,
      arithmetic: `measured on 3.6.1 on the disk of a virtual machine, not on this site’s: ${low}/s over one connection, ${high}/s over eight; 2 fdatasync and 1 fsync for each change`,
    },
  ]
}

/** A mupdate 3.6.1 had 10 open beside its connections (/proc/PID/fd); a list that its slave does not read takes one more. */
export const OWN_DESCRIPTORS = 16

/** The day on which growth has used it up; null where it does not, or nobody knows how fast it grows. */
function reachedOn({ growthPerDay, asOf }: Site, { mailboxes, name }: PlanState, limit: number): string | null {
  // What is planned has no day of its own from which to reckon.
  if (name !== 'today') return null
  if (limit <= mailboxes) return asOf
  if (growthPerDay === null || growthPerDay <= 0) return null
  const days = (limit - mailboxes) / growthPerDay
  return days > FARTHEST_DAYS ? null : new Date(Date.parse(asOf) + Math.floor(days) * DAY_MS).toISOString().slice(0, 10)
}
