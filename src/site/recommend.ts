import { formatCount } from '../core/units.js'
import { DISK_CREATES_PER_SECOND, isOfDisk } from '../limits/costs.js'
import type { Estimate } from '../limits/estimate.js'
import { retryDelaySFor } from '../limits/resyncs.js'
import { connectionsFor, MOST_CONNECTIONS, SPARE_WORKERS, workersFor } from '../limits/workers.js'
import type { Calibration } from '../masters/model/calibration.js'
import { DEADLY_CONNECTIONS } from '../masters/model/settings.js'
import type { PlanCost, PlanState, Recommendation } from '../metrics/site-plan-result.js'
import { DEFAULT_MAXFDS } from './cyrus-files.js'
import { OWN_DESCRIPTORS } from './plan-limits.js'
import { settingsOf } from './states.js'
import { usedCost } from './plan-costs.js'
import { ms, perSecond, span } from './plan-words.js'
import { asCreates, changesOf, listsWithin, perSecondOf, roomOf, scarcer, waitingAfter } from './changes.js'
import type { Site } from './schema.js'

/** Of the lock's time that creates may take: a NOOP then waits for the lock about as long again as it has it. */
const LOCK_SHARE = 0.5
/** Resident memory of a worker with its idle slave, kB; measured on 3.6.1 with 1,000 of them. */
const KB_PER_SLAVE = 31
interface Given {
  readonly calibration: Calibration
  readonly site: Site
  /** The largest that the site is to be. */
  readonly state: PlanState
  readonly listMs: Estimate
  readonly mergeMs: Estimate | undefined
  readonly createMs: Estimate
  readonly listSource: string
  readonly createSource: string
}

/** Each setting with its arithmetic, the measurement behind it, its price and its lower bound. */
export function recommendationsOf(
  site: Site,
  state: PlanState,
  costs: readonly PlanCost[],
  calibration: Calibration,
): Recommendation[] {
  const source = (name: PlanCost['name']) =>
    costs.find(cost => cost.name === name && cost.state === state.name && cost.used)!.short
  const given: Given = {
    calibration,
    site,
    state,
    listMs: usedCost(costs, 'list', state.name)!,
    mergeMs: usedCost(costs, 'merge', state.name),
    createMs: usedCost(costs, 'create', state.name)!,
    listSource: source('list'),
    createSource: source('create'),
  }
  return [
    retryDelay(given),
    workersMax(given),
    otherWorkers(given),
    connectionsMax(given),
    ...maxfds(given),
    database(given),
    stagger(given),
    createRate(given),
  ]
}

function retryDelay({ site, state, listMs, listSource }: Given): Recommendation {
  const lists = listsAtOnce(state)
  const half = Math.floor(state.slaves / 2)
  const needed = retryDelaySFor(lists * listMs.high)
  const least = retryDelaySFor(half * listMs.high)
  const currentS = site.slaves.retryDelay / 1e3
  const change = currentS < needed
  const value = Math.max(currentS, needed)
  return {
    setting: 'mupdate_retry_delay',
    where: 'imapd.conf of frontends',
    current: `${currentS}`,
    value: `${value}`,
    change,
    lowerBound: `${least}: below ${half} × ${ms(listMs.high)} a restart of half the slaves can begin a thrash; never 0 or 1, with which a slave divides by zero`,
    arithmetic: `${lists} lists at once × ${ms(listMs.high)} (the most that one takes) = ${ms(lists * listMs.high)}: then none of the others times out`,
    measurement: `a list: ${listSource}`,
    price: `a master that is gone without a word is noticed after up to ${2 * value} s, where it is ${2 * currentS} s now, and a frontend comes back ${value} to ${Math.ceil(1.5 * value)} s after any loss, where it is ${currentS} to ${Math.ceil(1.5 * currentS)} s now`,
  }
}

/** Lists at once that settings are to suffice for: all slaves but one restart. */
function listsAtOnce({ slaves }: PlanState): number {
  return Math.max(1, slaves - 1)
}

/** Changes that wait for so many lists, where each has a connection; undefined where that is unknown. */
function waitingForLists({ site, state, listMs }: Given): number | undefined {
  const waiting = waitingAfter(listsAtOnce(state) * listMs.high, site, state)
  return waiting === undefined ? undefined : Math.ceil(waiting)
}

function workersMax(given: Given): Recommendation {
  const { site, state } = given
  const current = settingsOf(site).workersMax
  const waiting = waitingForLists(given)
  const wanted = Math.max(workersFor(state.slaves), state.slaves + 1 + (waiting ?? 0))
  const most = MOST_CONNECTIONS - SPARE_WORKERS
  const needed = Math.min(wanted, most)
  const creates =
    waiting === undefined || waiting === 0 || waiting + 1 <= SPARE_WORKERS
      ? `${SPARE_WORKERS} for everybody else`
      : `${formatCount(waiting)} for changes that wait for ${listsAtOnce(state)} lists at once (${perSecond(perSecondOf(changesOf(site, state)!))} × ${ms(listsAtOnce(state) * given.listMs.high)}), 1 that listens`
  return {
    setting: 'mupdate_workers_max',
    where: 'imapd.conf of the master',
    current: `${current}`,
    value: `${Math.max(current, needed)}`,
    change: current < needed,
    lowerBound:
      state.slaves + 2 > most
        ? tooMany(state.slaves)
        : `${state.slaves + 2}: ${state.slaves} streams, 1 that listens, 1 for everybody else`,
    arithmetic: `${state.slaves} streaming slaves keep one each + ${creates} = ${formatCount(needed)}${wanted > needed ? `, bounded by the ${formatCount(MOST_CONNECTIONS)} connections at which mupdate dies: fewer lists at once, or fewer changes meanwhile` : ''}`,
    measurement:
      'measured on 3.6.1 and 3.12.3: with 50 workers 49 slaves are served in 2 ms, the 50th silences the master; with 1,200 workers 1,000 slaves are served',
    price: `about ${KB_PER_SLAVE} kB of memory and a thread for each that is in use; none for those that are not`,
  }
}

function tooMany(slaves: number): string {
  return `none suffices: one master cannot hold ${formatCount(slaves)} slaves, as mupdate dies at about ${formatCount(DEADLY_CONNECTIONS)} connections`
}

function otherWorkers({ site }: Given): Recommendation {
  const { workersStart, workersMinSpare, workersMaxSpare } = settingsOf(site)
  const value = `${workersStart}, ${workersMinSpare}, ${workersMaxSpare}`
  return {
    setting: 'mupdate_workers_start, _minspare, _maxspare',
    where: 'imapd.conf of the master',
    current: value,
    value,
    change: false,
    lowerBound: '1, 1, 1',
    arithmetic: 'threads are made as they are wanted, in about 25 µs each: they decide nothing here',
    measurement: 'the model that was held against 3.6.1 (docs/model.md); no run has shown a better value',
    price: 'none',
  }
}

function connectionsMax(given: Given): Recommendation {
  const { site, state } = given
  const current = settingsOf(site).connectionsMax
  const waiting = waitingForLists(given) ?? 0
  const needed = connectionsFor(Math.max(state.slaves, state.slaves + waiting - SPARE_WORKERS))
  const suffices = state.slaves + waiting <= needed
  const value = current > MOST_CONNECTIONS ? MOST_CONNECTIONS : Math.max(current, needed)
  return {
    setting: 'mupdate_connections_max',
    where: 'imapd.conf of the master',
    current: `${current}`,
    value: `${value}`,
    change: value !== current,
    lowerBound:
      workersFor(state.slaves) > MOST_CONNECTIONS
        ? tooMany(state.slaves)
        : `${workersFor(state.slaves)}: slaves, and ${SPARE_WORKERS} for backends`,
    arithmetic: `slaves, ${SPARE_WORKERS} or as many changes as wait for ${listsAtOnce(state)} lists, and as many again = ${formatCount(needed)}; never above ${formatCount(MOST_CONNECTIONS)}${suffices ? '' : `, which do not suffice for the ${formatCount(waiting)} that wait: fewer lists at once, or fewer changes meanwhile`}`,
    measurement:
      'measured on 3.6.1: at about 1,010 connections the whole master dies (nfds < FD_SETSIZE), whatever maxfds says',
    price: connectionsPrice(value, state.slaves),
  }
}

/** A list that its slave does not read takes a descriptor beside the connection's. */
function connectionsPrice(value: number, slaves: number): string {
  const room = DEADLY_CONNECTIONS - value
  return slaves < room
    ? 'none up to there; beyond it the limit that protects the master is gone'
    : `with all of them taken, ${formatCount(room)} lists at once that their slaves do not read are enough to let the master die: each takes one more descriptor`
}

function maxfds(given: Given): Recommendation[] {
  const current = given.site.master.maxfds
  const connections = Number(connectionsMax(given).value)
  const needed = connections + OWN_DESCRIPTORS
  if (current === null && needed <= DEFAULT_MAXFDS) return []
  return [
    {
      setting: 'maxfds',
      where: 'cyrus.conf of the master, service mupdate',
      current: current === null ? null : `${current}`,
      value: `${Math.max(current ?? 0, needed)}`,
      change: (current ?? DEFAULT_MAXFDS) < needed,
      lowerBound: `${needed}`,
      arithmetic: `mupdate_connections_max ${connections} + ${OWN_DESCRIPTORS} of its own${current === null ? `; what it is now is unknown, Cyrus’s default is ${DEFAULT_MAXFDS}` : ''}`,
      measurement:
        'measured on 3.6.1: 10 open beside its connections; a list that its slave does not read takes one more',
      price: 'none',
    },
  ]
}

function database({ site, state, createSource }: Given): Recommendation {
  const { database: type, place } = site.master
  const current = type === null && place === null ? null : `${type ?? 'unknown type'} on ${place ?? 'an unknown place'}`
  const changes = changesOf(site, state)
  const rate = changes === undefined ? null : asCreates(changes).high
  const change = rate !== null && rate > DISK_CREATES_PER_SECOND.one * LOCK_SHARE && place !== 'tmpfs'
  const faster = `${type ?? 'the type that it has'} on tmpfs, or on a disk with a fast fsync`
  return {
    setting: 'mboxlist_db and where it lies',
    where: 'imapd.conf and file systems of the master',
    current,
    value: change ? faster : (current ?? 'as it is'),
    change,
    lowerBound: null,
    arithmetic:
      rate === null
        ? 'how many creates a second is unknown; a disk does a few hundred'
        : `${perSecond(rate)} wanted${changes!.others === 0 ? '' : ', other changes counted as creates'}; a disk did ${DISK_CREATES_PER_SECOND.one}/s over one connection and ${DISK_CREATES_PER_SECOND.eight}/s over eight, tmpfs 5,200/s over one`,
    measurement: `measured on 3.6.1 with twoskip: each change is 2 fdatasync and 1 fsync; other types were not measured, so that none is recommended; costs here: ${createSource}`,
    price: change || place === 'tmpfs' ? TMPFS_PRICE : 'creates wait for fsync; lists and NOOPs do not',
  }
}

/** imap/ctl_mboxlist.c, do_dump with -m: what the master places elsewhere is deleted here. */
const TMPFS_PRICE =
  '90 to 170 MB for 500k mailboxes, and all of it is gone after a reboot. Frontends come back by themselves and take the empty list: stop them all before, restore a dump that is kept on a disk (ctl_mboxlist -d daily, -u to restore), then start them. Restoring from backends with ctl_mboxlist -m is no harmless way: it deletes mailboxes of that backend which the master places elsewhere'

function stagger({ site, state, listMs, mergeMs, listSource }: Given): Recommendation {
  const everyMs = listMs.high + (mergeMs?.high ?? 0)
  const value = Math.max(1, Math.ceil(everyMs / 1e3))
  const byTime = site.slaves.retryDelay / listMs.high
  const byRoom = listsWithin(scarcer(roomOf(site, state)), listMs.high, site, state)
  const many = Math.max(1, Math.floor(Math.min(byTime, byRoom)))
  return {
    setting: 'restarts of frontends',
    where: 'who restarts them',
    current: null,
    value: `one each ${value} s, ${ms(value * 1e3 * state.slaves)} for all ${state.slaves}`,
    change: true,
    lowerBound: `one each ${ms(listMs.high)}: faster, and lists queue; or ${many} at once, if none of them takes longer than ${ms(site.slaves.retryDelay / many)}${byRoom >= 1 && byRoom < byTime ? ': for more there are no workers or connections for the changes that wait' : ''}`,
    arithmetic: `a list ${span(listMs)}${mergeMs === undefined ? '; how long a frontend writes it is unknown' : ` + written ${span(mergeMs)}`}: the last one is ready before the next one goes`,
    measurement: `a list: ${listSource}`,
    price: 'time',
  }
}

function createRate(given: Given): Recommendation {
  const { site, state, listMs, createMs, createSource } = given
  const byLock = (LOCK_SHARE * 1e3) / createMs.high
  const { workers: free, connections } = roomOf(site, state)
  const byConnections = site.operations.connection === 'each' ? (connections * 1e3) / listMs.high : Infinity
  const byWorkers = site.operations.connection === 'each' ? (free * 1e3) / listMs.high : Infinity
  const others = site.operations.otherChangesPerSecond ?? 0
  const othersByLock = asCreates({ creates: 0, others }).high
  const byDisk =
    site.master.place === 'tmpfs' || isOfDisk(given.calibration) ? Infinity : LOCK_SHARE * DISK_CREATES_PER_SECOND.one
  const least = Math.min(byLock - othersByLock, byWorkers - others, byConnections - others, byDisk - othersByLock)
  const rate = Math.max(0, least >= 10 ? Math.floor(least) : Math.floor(least * 10) / 10)
  const disk =
    byDisk === Infinity
      ? ''
      : `; on a disk ${LOCK_SHARE * 100} % of ${DISK_CREATES_PER_SECOND.one}/s = ${byDisk}/s (measured on 3.6.1; of this site’s disk unknown)`
  const workers =
    byWorkers === Infinity
      ? 'kept connections hold no workers'
      : `${free} free workers ÷ ${ms(listMs.high)} a list = ${formatCount(Math.floor(byWorkers))}/s: one list at a time does not make them run out${byConnections < byWorkers ? `; ${connections} connections, fewer still: ${formatCount(Math.floor(byConnections))}/s` : ''}`
  return {
    setting: 'safe create rate',
    where: 'who creates mailboxes',
    current: state.createsPerSecond === null ? null : perSecond(state.createsPerSecond),
    value: perSecond(rate),
    change: state.createsPerSecond !== null && state.createsPerSecond > rate,
    lowerBound: null,
    arithmetic: `${LOCK_SHARE * 100} % of the lock ÷ ${ms(createMs.high)} a create = ${formatCount(Math.floor(byLock))}/s; ${workers}${disk}${others === 0 ? '' : `; ${perSecond(others)} of other changes are taken off: a worker each, and the lock for up to as long as ${formatCount(Math.ceil(othersByLock))} creates`}`,
    measurement: `a create: ${createSource}; a list: ${given.listSource}`,
    price: 'a mass creation takes longer; with mupdate_workers_max as recommended more is safe',
  }
}
