import type { SlaveMove } from '../metrics/interval.js'
import { type Dump, followLists, type TimeOut } from '../slaves/thrash.js'
import { unionNs } from './union.js'

export interface Blame {
  readonly dumps: readonly Dump[]
  /** `during` tells all lists that were on their way, also where they were too short to be the cause. */
  readonly timeouts: readonly TimeOut[]
}

/**
 * In a run the harness knows why a time-out came; a log may show one that the network caused, and a list beside it. Lists
 * are to blame only where they kept the master for a retry delay of the two before: no frontend waits less.
 *
 * @param errorMs by which the length of a span may be wrong
 */
export function blamedLists(moves: readonly SlaveMove[], retryDelayNs: number, errorMs: number): Blame {
  const { dumps, timeouts } = followLists(moves, retryDelayNs)
  const judged = new Map<Dump, Dump>()
  const lasts = new Map<number, number>()
  const told: TimeOut[] = []
  let next = 0
  const takeDumps = (untilNs: number) => {
    for (; next < dumps.length && dumps[next].fromNs < untilNs; next++) {
      const dump = dumps[next]
      judged.set(dump, { ...dump, generation: dump.generation === 0 ? 0 : (lasts.get(dump.slave) ?? 0) })
    }
  }
  for (const timeout of timeouts) {
    takeDumps(timeout.atNs)
    const during = timeout.during.map(dump => judged.get(dump)!)
    const busyNs = unionNs(during, timeout.atNs - 2 * retryDelayNs, timeout.atNs)
    const isCaused = during.length > 0 && busyNs >= retryDelayNs - errorMs * 1e6
    const generation = isCaused ? during.reduce((most, dump) => Math.max(most, dump.generation), 0) + 1 : 0
    told.push({ ...timeout, during, generation })
    lasts.set(timeout.slave, generation)
  }
  takeDumps(Infinity)
  return { dumps: dumps.map(dump => judged.get(dump)!), timeouts: told }
}
