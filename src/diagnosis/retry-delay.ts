import type { Estimate } from '../limits/estimate.js'

/** imap/mupdate-slave.c, and imapd.conf(5). */
const DEFAULT_S = 20

export type RetryDelaySource = 'given' | 'default fits the retries' | 'retries' | 'default, no retry seen'

export interface RetryDelay extends Estimate {
  readonly source: RetryDelaySource
}

/**
 * A slave waits `D + rand() % (D / 2)` whole seconds before it connects again (imap/mupdate-slave.c), so the shortest
 * wait is D at least, and the longest `D + D / 2 - 1` at most.
 *
 * @param retriesS of all frontends, which mostly have one setting
 */
export function retryDelayOf(retriesS: Iterable<number>, givenS: number | undefined): RetryDelay {
  if (givenS !== undefined) return { low: givenS, likely: givenS, high: givenS, source: 'given' }
  let [least, most] = [Infinity, 0]
  for (const seconds of retriesS) {
    least = Math.min(least, seconds)
    most = Math.max(most, seconds)
  }
  if (most === 0) return { low: DEFAULT_S, likely: DEFAULT_S, high: DEFAULT_S, source: 'default, no retry seen' }
  let low = 2
  while (low < least && longestS(low) < most) low++
  if (low <= DEFAULT_S && DEFAULT_S <= least)
    return { low, likely: DEFAULT_S, high: least, source: 'default fits the retries' }
  return { low, likely: least, high: least, source: 'retries' }
}

function longestS(delayS: number): number {
  return delayS + Math.max(0, Math.floor(delayS / 2) - 1)
}
