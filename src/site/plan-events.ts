import { type Estimate, times } from '../limits/estimate.js'
import { masterRestartOf, restartOf, type RestartOutcome, thrashNeeds } from '../limits/restart.js'
import { simultaneousResyncs, tolerance } from '../limits/resyncs.js'
import type { PlanCost, PlanEvent, PlanState } from '../metrics/site-plan-result.js'
import { capacityEvents } from './cliff-events.js'
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

/** One, the last that surely goes well, the next, the first that surely does not, the worst for a thrash, all but one, all. */
function restartCounts(site: Site, state: PlanState, listMs: Estimate): number[] {
  const { retryDelay } = site.slaves
  const stream = state.changesStream
  const { safe } = simultaneousResyncs(retryDelay, listMs.high, stream)
  const { certain } = simultaneousResyncs(retryDelay, listMs.low, stream)
  const worst = thrashNeeds(state.slaves, retryDelay, stream)?.restarted ?? 1
  const all = [1, safe, safe + 1, certain + 1, worst, state.slaves - 1]
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
  const stream = state.changesStream
  const outcome = restartOf({
    restarted,
    slaves: state.slaves,
    retryDelayMs: retryDelay,
    listMs,
    changesStream: stream,
  })
  const { lowMs } = tolerance(retryDelay, stream)
  const isAll = restarted === state.slaves
  return {
    kind: 'restart',
    state: state.name,
    title: isAll ? `all ${restarted} slaves restart at once` : `${restarted} of ${state.slaves} slaves restart at once`,
    restarted,
    timeOuts: outcome.timeOuts,
    thrash: outcome.thrash,
    margin: isAll ? null : 1 - outcome.stallMs.likely / lowMs,
    arithmetic: isAll
      ? `${restarted} lists, ${span(outcome.stallMs)}; nobody is left who could time out`
      : restartArithmetic(outcome, restarted, state.slaves, listMs, retryDelay, stream),
    users: unreadyText(restarted, listMs, mergeMs),
  }
}

function restartArithmetic(
  { stallMs, secondMs, timeOuts, thrash }: RestartOutcome,
  restarted: number,
  slaves: number,
  listMs: Estimate,
  retryDelayMs: number,
  stream: boolean,
): string {
  const { lowMs, highMs } = tolerance(retryDelayMs, stream)
  const bears = stream && lowMs !== retryDelayMs ? `2 × ${ms(retryDelayMs)} − 5 s = ${ms(lowMs)}` : ms(lowMs)
  const first = `${restarted} × ${ms(listMs.likely)} a list = ${span(stallMs)}; others bear ${bears} for certain and ${ms(highMs)} at most`
  if (timeOuts === 'cannot') return first
  const others = slaves - restarted
  const second = `the lists of the ${others} that may time out take ${span(secondMs)}`
  return thrash === 'cannot'
    ? `${first}; ${second}, within ${ms(retryDelayMs)}: it ends there`
    : `${first}; ${second}, more than ${ms(retryDelayMs)}: resyncs cause resyncs`
}

function masterRestartEvent(site: Site, state: PlanState, listMs: Estimate, mergeMs: Estimate | undefined): PlanEvent {
  const { retryDelay } = site.slaves
  const { stallMs, timeOuts, thrash } = masterRestartOf({ slaves: state.slaves, retryDelayMs: retryDelay, listMs })
  return {
    kind: 'masterRestart',
    state: state.name,
    title: 'the master’s mupdate restarts, or crashes',
    restarted: state.slaves,
    timeOuts,
    thrash,
    margin: 1 - stallMs.likely / retryDelay,
    arithmetic: `all ${state.slaves} come back within ${ms(retryDelay)} to ${ms(1.5 * retryDelay)}: ${state.slaves} × ${ms(listMs.likely)} a list = ${span(stallMs)}; the first, established again, bear ${ms(retryDelay)}`,
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
