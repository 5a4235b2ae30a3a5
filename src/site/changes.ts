import { formatCount } from '../core/units.js'
import { type Estimate, plus, times } from '../limits/estimate.js'
import type { PlanState } from '../metrics/site-plan-result.js'
import type { Site } from './schema.js'
import { settingsOf } from './states.js'

/**
 * The lock's time for a change that is no create, by that for one, which is two commands: SETACL is one, RENAME and a
 * delayed DELETE of a folder are three (imap/mboxlist.c).
 */
const OTHER_BY_CREATE: Estimate = { low: 0.5, likely: 1, high: 1.5 }

/** What backends tell the master all the time, a second. */
export interface Changes {
  readonly creates: number
  /** Renames, deletes, changes of rights. */
  readonly others: number
}

/** Undefined where nobody knows of any; what is not known of the one kind counts as none, and is said to be unknown. */
export function changesOf({ operations }: Site, { createsPerSecond }: PlanState): Changes | undefined {
  const { otherChangesPerSecond } = operations
  if (createsPerSecond === null && otherChangesPerSecond === null) return undefined
  return { creates: createsPerSecond ?? 0, others: otherChangesPerSecond ?? 0 }
}

export function perSecondOf({ creates, others }: Changes): number {
  return creates + others
}

/** As many creates as would keep the lock for as long. */
export function asCreates({ creates, others }: Changes): Estimate {
  return plus({ low: creates, likely: creates, high: creates }, times(OTHER_BY_CREATE, others))
}

/** What is left for changes, which each keep a connection and a worker while they wait. */
export interface Room {
  readonly workers: number
  readonly connections: number
}

export function roomOf(site: Site, { slaves }: PlanState): Room {
  const { workersMax, connectionsMax } = settingsOf(site)
  return { workers: Math.max(0, workersMax - 1 - slaves), connections: Math.max(0, connectionsMax - slaves) }
}

/** Each takes one of either. */
export function scarcer({ workers, connections }: Room): number {
  return Math.min(workers, connections)
}

/** Changes that wait when lists have kept the lock for so long; undefined where that is unknown, 0 where connections are kept. */
export function waitingAfter(stallMs: number, site: Site, state: PlanState): number | undefined {
  if (site.operations.connection === 'kept') return 0
  const changes = changesOf(site, state)
  return changes === undefined ? undefined : (perSecondOf(changes) * stallMs) / 1e3
}

/** What those that wait leave for others: share of workers or connections, the scarcer; below 0 where they do not suffice. */
export function roomLeft(waiting: number, room: Room): number {
  const [there, most] = [Math.ceil(waiting), scarcer(room)]
  if (there === 0) return 1
  return most === 0 ? -there : 1 - there / most
}

/** How many lists, one after the other, may be waited for before those that wait have all of the room; Infinity: any number. */
export function listsWithin(room: number, listMs: number, site: Site, state: PlanState): number {
  const waiting = waitingAfter(listMs, site, state) ?? 0
  return waiting === 0 ? Infinity : Math.floor(room / waiting)
}

/** `37 changes wait by then, each with a worker, of 37 that are free` */
export function waitingText(waiting: number, { workers, connections }: Room): string {
  const there = Math.ceil(waiting)
  const wait = there === 1 ? '1 change waits' : `${formatCount(there)} changes wait`
  if (there > connections)
    return `${wait}, each with a connection, and ${connections} are free: the master turns the rest away`
  if (there > workers) return `${wait}, each with a worker, and ${workers} are free: nobody else is greeted until then`
  return `${wait}, each with a worker, of ${workers} that are free`
}
