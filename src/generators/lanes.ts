import type { MailboxRecord } from '../core/mailbox.js'
import type { Operation } from '../core/operation.js'

/** Operations, one for each time that a schedule has; undefined: there is none to be sent at this time. */
export type Paced = Generator<Operation | undefined, void, undefined>

/** Whoever sends operations, for those that have to wait for others. */
export interface Playing {
  /** Whether all of these were answered, or given up, and so much time has gone by then. */
  isSettled(operations: readonly Operation[], thenNs: number): boolean
  /** What the answer to a backend's LIST said of a mailbox of its own. */
  listed(list: Operation, record: MailboxRecord): Listed
  /** The next mailbox that this answer had and the backend has not; undefined: there is none any more. */
  nextStale(list: Operation, isOwn: (name: string) => boolean): string | undefined
}

/** `unknown`: there was no answer, or its connection is lost. */
export type Listed = 'same' | 'different' | 'absent' | 'unknown'

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
  while (!playing.isSettled(operations, thenNs)) yield undefined
}
