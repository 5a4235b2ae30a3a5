import type { Estimate } from './estimate.js'

/** imap/mupdate.c update_wait: what is pending goes out after so long without a NOOP. */
const UPDATE_WAIT_MS = 5_000

/** How long a stall an established slave bears: up to the first for certain, beyond the second not. */
export interface Tolerance {
  readonly lowMs: number
  readonly highMs: number
}

/**
 * A slave is silent for one retry delay before it sends a NOOP, and waits another one for its answer. One that has just
 * sent its NOOP when the lock is taken bears one delay; one that has just heard something, two. Where changes stream all
 * the time it heard something 5 s ago at most.
 */
export function tolerance(retryDelayMs: number, changesStream = false): Tolerance {
  const lowMs = changesStream ? Math.max(retryDelayMs, 2 * retryDelayMs - UPDATE_WAIT_MS) : retryDelayMs
  return { lowMs, highMs: 2 * retryDelayMs }
}

/** Slaves that may fetch the list at once: up to the first figure nobody times out, beyond the second some must. */
export function simultaneousResyncs(
  retryDelayMs: number,
  holdMs: number,
  changesStream = false,
): { safe: number; certain: number } {
  const { lowMs, highMs } = tolerance(retryDelayMs, changesStream)
  return { safe: Math.floor(lowMs / holdMs), certain: Math.floor(highMs / holdMs) }
}

/** With 0 or 1 a slave computes `rand() % (retry_delay / 2)`: a division by zero. */
const LEAST_RETRY_DELAY_S = 2

/** The retry delay with which lists that keep the lock for so long make nobody time out, whole seconds. */
export function retryDelaySFor(stallMs: number): number {
  return Math.max(LEAST_RETRY_DELAY_S, Math.ceil(stallMs / 1000))
}

export type Possibility = 'cannot' | 'can' | 'must'

/** Whether a stall of so long makes established slaves time out that have updates pending. */
export function timesOut(stallMs: Estimate, { lowMs, highMs }: Tolerance): Possibility {
  if (stallMs.high <= lowMs) return 'cannot'
  return stallMs.low > highMs ? 'must' : 'can'
}
