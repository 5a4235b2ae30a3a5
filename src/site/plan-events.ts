import { type Estimate, times } from '../limits/estimate.js'
import { masterRestartOf, restartOf, type RestartOutcome, thrashNeeds } from '../limits/restart.js'
import { simultaneousResyncs, type Tolerance, tolerance } from '../limits/resyncs.js'
import type { PlanCost, PlanEvent, PlanState } from '../metrics/site-plan-result.js'
import { capacityEvents } from './cliff-events.js'
import { listsWithin, roomLeft, roomOf, scarcer, waitingAfter, waitingText } from './changes.js'
import { usedCost } from './plan-costs.js'
import { ms, span } from './plan-words.js'
import type { Site } from './schema.js'

/** What can happen to the site in that state: which events make frontends time out, and which can begin a thrash. */
export function eventsOf(site: Site, state: PlanState, costs: readonly PlanCost[]): PlanEvent[] {
  const listMs = usedCost(costs, 'list', state.name)!
  const mergeMs = usedCost(costs, 'merge', state.name)
  return [
    ...restartCounts(site, state, listMs).map(restarted => restartEvent(site, state, restarted, listMs, mergeMs)),
    masterRestartEvent(site, state, listMs, mergeMs),
    ...capacityEvents(site, state, listMs, usedCost(costs, 'create', state.name)!),
  ]
}

/**
 * One, the last that surely goes well, the next, the first that surely does not, the worst for a thrash, the last while
 * which changes have room to wait, the next, all but one, all.
 */
function restartCounts(site: Site, state: PlanState, listMs: Estimate): number[] {
  const { retryDelay } = site.slaves
  const { safe } = simultaneousResyncs(retryDelay, listMs.high)
  const { certain } = simultaneousResyncs(retryDelay, listMs.low)
  const worst = thrashNeeds(state.slaves, retryDelay)?.restarted ?? 1
  const room = listsWithin(scarcer(roomOf(site, state)), listMs.high, site, state)
  const all = [1, safe, safe + 1, certain + 1, worst, state.slaves - 1, room, room + 1]
  const possible = all.filter(count => count >= 1 && count < state.slaves)
  return [...new Set([...possible, state.slaves])].toSorted((a, b) => a - b)
}

function restartEvent(
  site: Site,
  state: PlanState,
  restarted: number,
  listMs: Estimate,
  mergeMs: Estimate | undefined,
): PlanEvent {
  const { retryDelay } = site.slaves
  const outcome = restartOf({
    restarted,
    slaves: state.slaves,
    retryDelayMs: retryDelay,
    listMs,
  })
  const isAll = restarted === state.slaves
  return {
    kind: 'restart',
    state: state.name,
    title: isAll ? `all ${restarted} slaves restart at once` : `${restarted} of ${state.slaves} slaves restart at once`,
    restarted,
    ...withThoseThatWait(
      {
        timeOuts: outcome.timeOuts,
        thrash: outcome.thrash,
        margin: isAll ? null : marginOf(outcome, tolerance(retryDelay)),
        arithmetic: isAll
          ? `${restarted} lists, ${span(outcome.stallMs)}; nobody is left who could time out`
          : restartArithmetic(outcome, restarted, state.slaves, listMs, retryDelay),
      },
      outcome.stallMs,
      site,
      state,
    ),
    users: unreadyText(restarted, listMs, mergeMs),
  }
}

type Judged = Pick<PlanEvent, 'timeOuts' | 'thrash' | 'margin' | 'arithmetic'>

/** Changes wait until the last list ends, each with a worker: where these run out, a slave that comes back meanwhile is not served. */
function withThoseThatWait(judged: Judged, stallMs: Estimate, site: Site, state: PlanState): Judged {
  const waiting = waitingAfter(stallMs.high, site, state)
  if (waiting === undefined || waiting === 0) return judged
  const room = roomOf(site, state)
  const left = roomLeft(waiting, room)
  const arithmetic = `${judged.arithmetic}; by then ${waitingText(waiting, room)}`
  const decides = judged.timeOuts === 'cannot' && left < 0 && judged.margin !== null
  return decides ? { ...judged, timeOuts: 'can', margin: left, arithmetic } : { ...judged, arithmetic }
}

function restartArithmetic(
  { stallMs, secondMs, timeOuts, thrash }: RestartOutcome,
  restarted: number,
  slaves: number,
  listMs: Estimate,
  retryDelayMs: number,
): string {
  const { lowMs, highMs } = tolerance(retryDelayMs)
  const bears =
    timeOuts === 'must' ? `${ms(highMs)} that the others bear at most` : `${ms(lowMs)} that the others surely bear`
  const first = `${restarted} × ${ms(listMs.likely)} a list = ${span(stallMs)}, of ${bears}`
  if (timeOuts === 'cannot') return first
  const others = slaves - restarted
  const second = `the lists of the ${others} that may time out take ${span(secondMs)}`
  return thrash === 'cannot'
    ? `${first}; ${second}, within ${ms(retryDelayMs)}: it ends there`
    : `${first}; ${second}, more than ${ms(retryDelayMs)}: resyncs cause resyncs`
}

/** Of what they surely bear, by the longest that it can last; of what nobody bears, by the shortest. */
function marginOf({ stallMs, timeOuts }: RestartOutcome, { lowMs, highMs }: Tolerance): number {
  return timeOuts === 'must' ? 1 - stallMs.low / highMs : 1 - stallMs.high / lowMs
}

function masterRestartEvent(site: Site, state: PlanState, listMs: Estimate, mergeMs: Estimate | undefined): PlanEvent {
  const { retryDelay } = site.slaves
  const { stallMs, timeOuts, thrash } = masterRestartOf({ slaves: state.slaves, retryDelayMs: retryDelay, listMs })
  return {
    kind: 'masterRestart',
    state: state.name,
    title: 'the master’s mupdate restarts, or crashes',
    restarted: state.slaves,
    ...withThoseThatWait(
      {
        timeOuts,
        thrash,
        margin: 1 - stallMs.high / (2 * retryDelay),
        arithmetic: `all ${state.slaves} come back within ${ms(retryDelay)} to ${ms(1.5 * retryDelay)}: the first has its list ${state.slaves - 1} × ${ms(listMs.likely)} = ${span(stallMs)} before the last, and bears ${ms(2 * retryDelay)}`,
      },
      stallMs,
      site,
      state,
    ),
    users: `frontends know of no change for ${ms(retryDelay)} to ${ms(1.5 * retryDelay)}, then ${mergeText(mergeMs)}`,
  }
}

function unreadyText(restarted: number, listMs: Estimate, mergeMs: Estimate | undefined): string {
  const wait = times(listMs, restarted)
  const last = restarted === 1 ? 'it' : 'the last of them'
  const whole = mergeMs === undefined ? undefined : wait.likely + mergeMs.likely
  const unready =
    whole === undefined
      ? `${last} waits ${ms(wait.likely)} for its list, and is not ready until it has written it (unknown)`
      : `${last} is ready after ${ms(whole)}: lists ${ms(wait.likely)}, then ${ms(mergeMs!.likely)} to write its own`
  return `${unready}; creates wait up to ${ms(wait.likely)}`
}

function mergeText(mergeMs: Estimate | undefined): string {
  return mergeMs === undefined
    ? 'each turns its clients away while it writes the list (how long is unknown)'
    : `each turns its clients away for ${ms(mergeMs.likely)} while it writes the list`
}
