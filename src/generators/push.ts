import { databaseKey } from '../core/database-key.js'
import type { Operation } from '../core/operation.js'
import { type Paced, type Playing, settled } from './lanes.js'
import type { OperationStream } from './operations.js'
import type { Target } from './site-model.js'

/** Mailboxes that are looked at for each time that a schedule has: a large site must not hold up what else is sent. */
const LOOKED_AT = 5000

/**
 * A backend's `ctl_mboxlist -m` (imap/ctl_mboxlist.c do_pop_mupdate, pop_mupdate_cb), each command after the answer to the
 * last one: its part of the list; DELETE of what is on it and not here; then its own mailboxes in the order of its database:
 * nothing where the list has it so, ACTIVATE where it has it otherwise, and FIND first where it has it not. What comes to it
 * after its LIST it leaves to who brings it.
 */
export function* pushed(stream: OperationStream, server: string, playing: Playing): Paced {
  const { model } = stream
  const own = new Map<string, Target>()
  let looked = 0
  function* lookedAtOne(): Paced {
    if (++looked % LOOKED_AT === 0) yield undefined
  }
  for (const target of model.ownOf(server)) {
    own.set(target.record.name, target)
    yield* lookedAtOne()
  }
  const list = stream.list(server)
  yield* sent(list, playing)
  for (const record of model.reservedOn(server))
    if (playing.listed(list, record) !== 'unknown') model.forgetReserved(record)
  const nextStale = () => playing.nextStale(list, name => own.has(name))
  for (let name = nextStale(); name !== undefined; name = nextStale())
    yield* sent(stream.pushDelete(server, name), playing)
  for (const target of inOrder(own.values())) {
    const record = model.ownNow(target)
    if (record === undefined) continue
    const listed = playing.listed(list, record)
    if (listed === 'same') model.recoverOne(record.name)
    if (listed === 'absent' || listed === 'different') yield* sent(stream.push(record, listed === 'different'), playing)
    else yield* lookedAtOne()
  }
}

function* sent(operation: Operation, playing: Playing): Paced {
  yield operation
  yield* settled([operation], playing)
}

/** As Cyrus's database has them. */
function inOrder(targets: Iterable<Target>): Target[] {
  return Array.from(targets, target => ({ target, key: databaseKey(target.record.name) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ target }) => target)
}
