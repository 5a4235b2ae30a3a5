import type { MailboxRecord } from '../core/mailbox.js'
import type { Operation } from '../core/operation.js'
import { inTurn, type Paced, type Playing } from './lanes.js'
import type { OperationStream } from './operations.js'
import type { Copying } from './spec.js'
import { transferred } from './transfer.js'
import type { User } from './user.js'

/** Something that a step has done; `record`: a mailbox as it was. */
type Change =
  | { readonly kind: 'created'; readonly user: User; readonly name: string }
  /** Its ACL; `left`: as it was then. */
  | { readonly kind: 'changed'; readonly user: User; readonly record: MailboxRecord; readonly left: MailboxRecord }
  /** With the user, who is as he was called before. */
  | { readonly kind: 'renamed'; readonly user: User; readonly record: MailboxRecord; readonly left: MailboxRecord }
  | {
      readonly kind: 'deleted'
      readonly user: User
      readonly record: MailboxRecord
      /** Undefined where nothing is left of it. */
      readonly tombstone: string | undefined
    }
  | Moved

/** An XFER, that may have been broken off. */
interface Moved {
  readonly kind: 'moved'
  readonly user: User
  readonly records: readonly MailboxRecord[]
  readonly copying: Copying | undefined
}

/** What steps have done, in their order, and the way back. */
export class Changes {
  readonly #done: Change[] = []

  constructor(private readonly stream: OperationStream) {}

  note(change: Change): void {
    this.#done.push(change)
  }

  /** The last first, as far as it still is as steps have left it. */
  *undo(playing: Playing): Paced {
    for (let last = this.#done.at(-1); last !== undefined; last = this.#done.at(-1)) {
      if (last.kind === 'moved') {
        const { copying } = last
        yield* inTurn(Array.from({ length: copying?.parallel ?? 1 }, () => this.#movedBack(copying, playing)))
      } else {
        this.#done.pop()
        for (const _ of this.stream.model.alone(last.user)) yield* this.#undone(last)
      }
    }
  }

  /** Users whom one step has moved, as long as one of them is the last that is left. */
  *#movedBack(copying: Copying | undefined, playing: Playing): Paced {
    for (let last = this.#done.at(-1); last?.kind === 'moved'; last = this.#done.at(-1)) {
      if (last.copying !== copying) return
      this.#done.pop()
      yield* this.#movedOneBack(last, playing)
    }
  }

  *#movedOneBack({ user, records, copying }: Moved, playing: Playing): Paced {
    const { stream } = this
    for (const _ of stream.model.alone(user)) for (const { name } of records) yield* stream.recovered(name)
    const moves = records.flatMap(({ name, location }) => {
      const record = stream.model.find(user, name)
      return record === undefined || record.location === location ? [] : [{ record, location }]
    })
    yield* transferred(stream, { user, moves, taken: moves.length }, copying, playing)
  }

  *#undone(change: Exclude<Change, Moved>): Generator<Operation, void, undefined> {
    const { stream } = this
    const { user } = change
    switch (change.kind) {
      case 'created': {
        const record = stream.model.find(user, change.name)
        if (record !== undefined) yield stream.expunge({ user, record })
        break
      }
      case 'changed': {
        const record = stream.model.find(user, change.record.name)
        const { acl } = change.record
        if (record?.acl === change.left.acl && record.acl !== acl)
          yield stream.change({ user, record }, { ...record, acl })
        break
      }
      case 'renamed': {
        const { left, record: before } = change
        const record = stream.model.find(user, left.name)
        if (record === undefined || stream.model.find(user, before.name) !== undefined) return
        stream.model.rename(user)
        yield* stream.renameOf({ user, record }, before.name, record.acl === left.acl ? before.acl : undefined)
        break
      }
      case 'deleted':
        if (change.tombstone !== undefined) yield* stream.undelete(user, change.record, change.tombstone)
        break
    }
  }
}
