import type { Estimate } from '../limits/estimate.js'
import type { SlaveMove } from '../metrics/interval.js'
import { followLists } from '../slaves/thrash.js'

export interface ListHold extends Estimate {
  /** Lists that arrived whole. */
  readonly lists: number
}

/**
 * How long one list keeps the master, ms: the time in which some list was on its way, shared out over those that arrived
 * whole, since a master gives them one by one.
 *
 * @param errorMs by which the length of a span may be wrong: stamps that are cut to the second differ by up to one
 * @returns undefined where no list arrived whole
 */
export function listHold(moves: readonly SlaveMove[], errorMs: number): ListHold | undefined {
  const whole = followLists(moves, 0)
    .dumps.filter(dump => dump.whole)
    .sort((a, b) => a.fromNs - b.fromNs)
  if (whole.length === 0) return undefined
  let [sumMs, low, high] = [0, 0, 0]
  const close = (fromNs: number, toNs: number) => {
    const ms = (toNs - fromNs) / 1e6
    sumMs += ms
    low += Math.max(0, ms - errorMs)
    high += ms + errorMs
  }
  let { fromNs, toNs } = whole[0]
  for (const dump of whole) {
    if (dump.fromNs > toNs) {
      close(fromNs, toNs)
      fromNs = dump.fromNs
      toNs = dump.toNs
    } else toNs = Math.max(toNs, dump.toNs)
  }
  close(fromNs, toNs)
  const each = (ms: number) => ms / whole.length
  return { low: each(low), likely: each(sumMs), high: each(high), lists: whole.length }
}
