import type { SlaveMove } from '../metrics/interval.js'

/** Most slaves at one time that had the list once, were not told to leave, and did not stream. @param moves in order of time */
export function mostLost(moves: readonly SlaveMove[]): number {
  /** Of those that have streamed: whether they do now. */
  const streams = new Map<number, boolean>()
  let lost = 0
  let most = 0
  for (const { slave, kind } of moves) {
    const did = streams.get(slave)
    switch (kind) {
      case 'ready':
        if (did === false) lost--
        streams.set(slave, true)
        break
      case 'timed-out':
      case 'dropped':
      case 'restarted':
        if (did !== true) break
        streams.set(slave, false)
        most = Math.max(most, ++lost)
        break
      // One that joins under the number of another is a new one: those of a phase before may have gone in silence.
      case 'joined':
      case 'left':
        if (did === false) lost--
        streams.delete(slave)
        break
    }
  }
  return most
}
