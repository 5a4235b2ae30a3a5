import type { Operation } from '../core/operation.js'

/** Operations, one for each time that a schedule has; undefined: there is none to be sent at this time. */
export type Paced = Generator<Operation | undefined, void, undefined>

/** What whoever sends operations knows of them, for those that have to wait for others. */
export interface Playing {
  /** The time that an operation is asked for, ns. */
  readonly nowNs: number
  /** When it was answered, or given up; undefined before. */
  endedNs(operation: Operation): number | undefined
}

/** Several at the same time, by turns. */
export function* inTurn(lanes: readonly Paced[]): Paced {
  const open = [...lanes]
  let waiting = 0
  for (let lane = open.shift(); lane !== undefined; lane = open.shift()) {
    const { value, done } = lane.next()
    if (done === true) continue
    open.push(lane)
    waiting = value === undefined ? waiting + 1 : 0
    if (value === undefined && waiting < open.length) continue
    waiting = 0
    yield value
  }
}

/** Nothing, until all of these were answered and some time has gone by then. */
export function* settled(operations: readonly Operation[], playing: Playing, thenNs = 0): Paced {
  const isOpen = (operation: Operation) => {
    const endedNs = playing.endedNs(operation)
    return endedNs === undefined || endedNs + thenNs > playing.nowNs
  }
  while (operations.some(isOpen)) yield undefined
}
