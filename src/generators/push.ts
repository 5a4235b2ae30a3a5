import { databaseKey } from '../core/database-key.js'
import type { Operation } from '../core/operation.js'
import { type Paced, type Playing, settled } from './lanes.js'
import type { OperationStream } from './operations.js'
import type { Target } from './site-model.js'

/** Mailboxes that are looked at for each time that a schedule has: a large site must not hold up what else is sent. */
const LOOKED_AT = 1000

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
  // At one go: what is made between this look and the LIST would be on the one and not in the other, and be deleted.
  for (const target of model.ownOf(server)) own.set(target.record.name, target)
  const list = stream.list(server)
  yield* sent(list, playing)
  for (const record of model.reservedOn(server))
    if (playing.listed(list, record) !== 'unknown') model.forgetReserved(record)
  const nextStale = () => playing.nextStale(list, name => own.has(name))
  for (let name = nextStale(); name !== undefined; name = nextStale())
    yield* sent(stream.pushDelete(server, name), playing)
  for (const target of yield* inOrder(own.values())) {
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

interface Keyed {
  readonly target: Target
  readonly key: string
}

/** As Cyrus's database has them: some of them sorted at a time, and put together as they are asked for. */
function* inOrder(targets: Iterable<Target>): Generator<undefined, Iterable<Target>, void> {
  const runs: Keyed[][] = []
  let run: Keyed[] = []
  for (const target of targets) {
    run.push({ target, key: databaseKey(target.record.name) })
    if (run.length < LOOKED_AT) continue
    runs.push(run.sort(byKey))
    run = []
    yield undefined
  }
  runs.push(run.sort(byKey))
  return merged(runs)
}

function byKey(a: Keyed, b: Keyed): number {
  return a.key < b.key ? -1 : 1
}

function* merged(runs: readonly Keyed[][]): Generator<Target, void, void> {
  const at = runs.map(() => 0)
  for (;;) {
    let least = -1
    for (let i = 0; i < runs.length; i++) {
      const head = runs[i]![at[i]!]
      if (head !== undefined && (least < 0 || head.key < runs[least]![at[least]!]!.key)) least = i
    }
    if (least < 0) return
    yield runs[least]![at[least]++]!.target
  }
}
