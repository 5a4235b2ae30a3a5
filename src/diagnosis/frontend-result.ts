import type { DiagnosedFrontend } from '../metrics/diagnosis-result.js'
import { median } from '../statistics/quantile.js'
import { type Deaths, deathsOf } from './deaths.js'
import type { Frontend } from './frontends.js'
import { type FrontendHistory, totalMs } from './history.js'
import { iso } from './iso.js'

export function diagnosedFrontend(
  { name, host, ident, processes }: Frontend,
  history: FrontendHistory,
  deaths: Deaths,
  endMs: number,
): DiagnosedFrontend {
  const { retriesS } = history
  const resyncs = history.resyncs.map(({ atMs, cause, listedMs, readyMs, outcome }) => ({
    at: iso(atMs),
    cause,
    listMs: listedMs === undefined ? null : listedMs - atMs,
    mergeMs: listedMs === undefined || readyMs === undefined ? null : readyMs - listedMs,
    outcome,
  }))
  const longest = Math.max(...processes.map(({ longestLockS }) => longestLockS))
  return {
    name,
    host,
    ident,
    pids: processes.map(({ pid }) => pid ?? null),
    resyncs,
    list: timesOf(resyncs.map(({ listMs }) => listMs)),
    merge: timesOf(resyncs.map(({ mergeMs }) => mergeMs)),
    timeouts: history.timeoutsMs.map(iso),
    losses: history.droppedMs.map(iso),
    connectFailures: history.unreachableMs.map(iso),
    retries: {
      count: retriesS.length,
      minS: retriesS.length === 0 ? null : retriesS.reduce((a, b) => Math.min(a, b)),
      maxS: retriesS.length === 0 ? null : retriesS.reduce((a, b) => Math.max(a, b)),
    },
    restarts: history.restarts,
    deaths: deathsOf(processes, deaths),
    unavailableMs: totalMs(history.unavailable, endMs),
    outOfTouchMs: totalMs(history.outOfTouch, endMs),
    atEnd: history.state,
    missingLines: history.gaps,
    longestLockS: longest > 0 ? longest : null,
  }
}

function timesOf(values: readonly (number | null)[]): DiagnosedFrontend['list'] {
  const known = values.filter(value => value !== null)
  if (known.length === 0) return null
  return { count: known.length, medianMs: median(known), maxMs: known.reduce((a, b) => Math.max(a, b)) }
}
