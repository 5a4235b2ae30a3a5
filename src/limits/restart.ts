import { type Estimate, exactly, plus, times } from './estimate.js'
import { type Possibility, timesOut, tolerance } from './resyncs.js'

export interface Restart {
  readonly restarted: number
  readonly slaves: number
  readonly retryDelayMs: number
  readonly listMs: Estimate
  readonly changesStream?: boolean
}

export interface RestartOutcome {
  /** How long the lists keep the lock. */
  readonly stallMs: Estimate
  /** Whether established slaves time out; they have updates pending. */
  readonly timeOuts: Possibility
  /** How long it is kept by the lists of those that timed out, should all that can do so. */
  readonly secondMs: Estimate
  /** Whether those lists make others time out: resyncs that cause resyncs. */
  readonly thrash: Possibility
}

/** After a loss a slave waits `retry_delay + rand(retry_delay / 2)`; and not all time out in the same moment. */
const SPREAD_DELAYS = 1.5

/**
 * `restarted` slaves fetch the list at once; the others are established. Those of them that time out come back one retry
 * delay later, when the first are established again.
 */
export function restartOf({ restarted, slaves, retryDelayMs, listMs, changesStream }: Restart): RestartOutcome {
  const bears = tolerance(retryDelayMs, changesStream)
  const stallMs = times(listMs, restarted)
  const others = slaves - restarted
  // Nobody is there who could time out, or nobody has gone.
  const timeOuts = others < 1 || restarted < 1 ? 'cannot' : timesOut(stallMs, bears)
  const secondMs = plus(times(listMs, others), leftOver(stallMs, 2 * retryDelayMs))
  if (timeOuts === 'cannot') return { stallMs, timeOuts, secondMs: exactly(0), thrash: 'cannot' }
  const second = timesOut(secondMs, tolerance(retryDelayMs))
  // However they are spread over the time in which they come back.
  const surely = times(listMs, others).low - SPREAD_DELAYS * retryDelayMs > bears.highMs
  return {
    stallMs,
    timeOuts,
    secondMs,
    thrash: second === 'cannot' ? 'cannot' : timeOuts === 'must' && surely ? 'must' : 'can',
  }
}

/** Of the first lists, when the first of those that timed out come back. */
function leftOver(stallMs: Estimate, afterMs: number): Estimate {
  const over = (ms: number) => Math.max(0, ms - afterMs)
  return { low: over(stallMs.low), likely: over(stallMs.likely), high: over(stallMs.high) }
}

/**
 * The master restarts: all lose it at once, and each comes back at its own moment within half a retry delay. When the
 * last of them asks for its list none has been listening for a whole delay, so that none has a NOOP out: each bears two
 * delays from the end of its own list.
 */
export function masterRestartOf({ slaves, retryDelayMs, listMs }: Omit<Restart, 'restarted'>): RestartOutcome {
  const stallMs = times(listMs, Math.max(0, slaves - 1))
  const timeOuts = stallMs.high <= 2 * retryDelayMs ? 'cannot' : 'can'
  // Those time out that had their lists two delays before the last list ends.
  const secondMs = timeOuts === 'cannot' ? exactly(0) : leftOver(times(listMs, slaves), 2 * retryDelayMs)
  return { stallMs, timeOuts, secondMs, thrash: secondMs.high <= retryDelayMs ? 'cannot' : 'can' }
}

/** From which time of a list on some restart can begin a thrash, and of how many slaves that restart is. */
export function thrashNeeds(
  slaves: number,
  retryDelayMs: number,
  changesStream = false,
): { readonly listMs: number; readonly restarted: number } | undefined {
  const { lowMs } = tolerance(retryDelayMs, changesStream)
  let least: { listMs: number; restarted: number } | undefined
  for (let restarted = 1; restarted < slaves; restarted++) {
    // The first lists make the others time out; theirs, with what is left of the first, those that are back by then.
    const again = Math.min(retryDelayMs / (slaves - restarted), (3 * retryDelayMs) / slaves)
    const listMs = Math.max(lowMs / restarted, again)
    if (least === undefined || listMs < least.listMs) least = { listMs, restarted }
  }
  return least
}
