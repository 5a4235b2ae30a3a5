import type { MailboxRecord } from '../core/mailbox.js'
import type { Operation } from '../core/operation.js'
import { type Paced, type Playing, settled } from './lanes.js'
import type { OperationStream } from './operations.js'
import type { Copying } from './spec.js'
import type { User } from './user.js'

/** An XFER of one user's mailboxes. */
export interface Transfer {
  readonly user: User
  readonly moves: readonly Move[]
  /** So many of them, the first, are taken over; the rest stays reserved. */
  readonly taken: number
}

interface Move {
  /** As it is before. */
  readonly record: MailboxRecord
  /** Where it goes. */
  readonly location: string
}

/**
 * The backend that they leave says so of each mailbox; mail is copied; the other one takes them over (imap/imapd.c do_xfer).
 *
 * @param copying absent: nothing waits for an answer
 */
export function* transferred(
  stream: OperationStream,
  { user, moves, taken }: Transfer,
  copying: Copying | undefined,
  playing: Playing,
): Paced {
  for (const _ of stream.model.alone(user)) {
    const leaving: Operation[] = []
    for (const { record } of moves) {
      const operation = stream.moveOut({ user, record })
      leaving.push(operation)
      yield operation
    }
    if (copying !== undefined) yield* settled(leaving, playing, copying.copyNs)
    const arriving: Operation[] = []
    for (const { record, location } of moves.slice(0, taken)) {
      const operation = stream.moveIn({ user, record }, location)
      arriving.push(operation)
      yield operation
    }
    if (copying !== undefined) yield* settled(arriving, playing)
  }
}
