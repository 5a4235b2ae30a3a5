import type { MailboxRecord } from '../core/mailbox.js'
import type { Operation } from '../core/operation.js'
import { entityRandom } from '../core/random.js'
import { withRights } from './acl.js'
import { inTurn, type Paced, type Playing } from './lanes.js'
import type { OperationStream } from './operations.js'
import { pushed } from './push.js'
import { serverOf } from './site-plan.js'
import type { Copying, Selection, SiteSpec, StepSpec } from './spec.js'
import { type Transfer, transferred } from './transfer.js'
import type { User } from './user.js'
import { type UserName, userId } from './user-name.js'

/**
 * What an administrator does to a site, as the operations that its backends then send, with all their ordering: those of
 * one mailbox come one after the other. Made while they are sent, from the site as it is by then.
 */
export function* stepOperations(stream: OperationStream, step: StepSpec, playing: Playing): Paced {
  switch (step.kind) {
    case 'create':
      for (let user = 0; user < step.users; user++) yield* stream.createUser(step.on, step.named?.[user])
      break
    case 'move':
      yield* transfers(stream, moves(stream, step), step.copying, playing)
      break
    case 'replace':
      yield* transfers(stream, replacement(stream, step), step.copying, playing)
      break
    case 'renameDomain':
      yield* ofEach(stream, usersOf(stream, step.from), ({ user, own }) => stream.renameUser(user, own, step.to))
      break
    case 'delete':
      yield* ofEach(stream, selected(stream, step.selection), selection => deleted(stream, selection))
      break
    case 'setAcl':
      yield* ofEach(stream, selected(stream, step.selection), selection => allowed(stream, selection, step))
      break
    case 'undo':
      yield* stream.changes.undo(playing)
      break
    case 'push':
      yield* pushes(stream, step, playing)
      break
  }
}

/** Operations of a step that are about one mailbox; what is undone is mostly moves. */
export function operationsPerMailbox({ kind }: StepSpec): number {
  switch (kind) {
    case 'move':
    case 'replace':
    case 'undo':
      return 2
    case 'renameDomain':
      // RENAME, and SETACL twice.
      return 3
    case 'create':
    case 'delete':
    case 'setAcl':
    case 'push':
      return 1
  }
}

/** So many at a time; each lane takes the next when it is done with the one before. */
function transfers(
  stream: OperationStream,
  wanted: Iterable<Transfer>,
  copying: Copying | undefined,
  playing: Playing,
): Paced {
  function* lane(): Paced {
    for (const transfer of wanted) {
      const records = transfer.moves.map(({ record }) => record)
      stream.changes.note({ kind: 'moved', user: transfer.user, records, copying })
      yield* transferred(stream, transfer, copying, playing)
    }
  }
  return inTurn(Array.from({ length: copying?.parallel ?? 1 }, lane))
}

function pushes(stream: OperationStream, step: StepSpec & { kind: 'push' }, playing: Playing): Paced {
  const servers = new Set(step.servers).values()
  function* lane(): Paced {
    for (const server of servers) yield* pushed(stream, server, playing)
  }
  return inTurn(Array.from({ length: step.parallel ?? 1 }, lane))
}

/** Nobody else touches the user whose turn it is. */
function* ofEach(
  { model }: OperationStream,
  users: Iterable<Selected>,
  act: (selection: Selected) => Iterable<Operation>,
): Generator<Operation, void, undefined> {
  for (const selection of users) for (const _ of model.alone(selection.user)) yield* act(selection)
}

/** What lies in another mailbox goes before it. */
function* deleted(stream: OperationStream, { user, own }: Selected): Generator<Operation, void, undefined> {
  for (const record of own.toReversed()) yield stream.noted({ user, record }, stream.delete({ user, record }))
}

function* allowed(
  stream: OperationStream,
  { user, own }: Selected,
  { identifier, rights }: StepSpec & { kind: 'setAcl' },
): Generator<Operation, void, undefined> {
  for (const record of own) {
    const acl = withRights(record.acl, identifier, rights)
    if (acl === record.acl) continue
    yield stream.noted({ user, record }, stream.change({ user, record }, { ...record, acl }))
  }
}

/** One that is broken off leaves half of the user's mailboxes reserved. */
function* moves(
  stream: OperationStream,
  { selection, to, abort }: StepSpec & { kind: 'move' },
): Generator<Transfer, void, undefined> {
  for (const { user, own } of selected(stream, selection, { except: to, withDeleted: true })) {
    const isAborted = entityRandom(stream.model.seed, 'abort', user.index)() < abort
    yield transferOf(stream, { user, own }, to, isAborted ? own.length >> 1 : own.length)
  }
}

/** Users, and then mailboxes of nobody, each by itself (imap/imapd.c cmd_xfer). */
function* replacement(
  stream: OperationStream,
  { from, to }: StepSpec & { kind: 'replace' },
): Generator<Transfer, void, undefined> {
  for (const { user, own } of selected(stream, { from }, { withDeleted: true }))
    yield transferOf(stream, { user, own }, to, own.length)
  const { model } = stream
  for (const record of model.shared())
    if (serverOf(record.location) === from) yield transferOf(stream, { user: model.nobody, own: [record] }, to, 1)
}

/** XFER takes the INBOX last. */
function transferOf(stream: OperationStream, { user, own }: Selected, to: string, taken: number): Transfer {
  const moves = own.toReversed().map(record => ({ record, location: stream.locationOn(to, record.location) }))
  return { user, moves, taken }
}

interface Selected {
  readonly user: User
  /** Those of his mailboxes that the step is about. */
  readonly own: readonly MailboxRecord[]
}

function* usersOf({ model }: OperationStream, domain: string): Generator<Selected, void, undefined> {
  for (const { user, live } of model.users(user => user.domain === domain)) {
    const own = live.filter(({ name }) => name.startsWith(`${domain}!`))
    if (own.length > 0) yield { user, own }
  }
}

/**
 * @param except those that lie on this server already
 * @param withDeleted their DELETED mailboxes too, as XFER takes them
 */
function* selected(
  { model }: OperationStream,
  selection: Selection,
  { except, withDeleted = false }: { readonly except?: string; readonly withDeleted?: boolean } = {},
): Generator<Selected, void, undefined> {
  const { prefix = '', users = Infinity, mailboxes = Infinity } = selection
  const named = selection.named && new Set(selection.named)
  let [usersLeft, mailboxesLeft] = [users, mailboxes]
  const isNamed = (user: UserName) => {
    const name = nameOf(user, model.site)
    return name.startsWith(prefix) && named?.has(name) !== false
  }
  const isWanted = ({ location }: MailboxRecord) => isOn(location, selection) && serverOf(location) !== except
  const wantedOf = ({ user, live }: { readonly user: User; readonly live: readonly MailboxRecord[] }) =>
    (withDeleted ? [...live, ...model.deletedOf(user)] : live).filter(isWanted)
  const { order } = selection
  const indices = order && byWeight(order, model.users(isNamed), wantedOf)
  for (const found of model.users(isNamed, indices)) {
    const { user } = found
    const own = wantedOf(found).slice(0, mailboxesLeft)
    if (own.length === 0) continue
    usersLeft--
    mailboxesLeft -= own.length
    yield { user, own }
    if (usersLeft <= 0 || mailboxesLeft <= 0) return
  }
}

/** Who has the most, or the fewest, as it is now; of those who have as many the first is first. */
function byWeight<T extends { readonly user: User }>(
  order: 'heaviest' | 'lightest',
  users: Iterable<T>,
  wantedOf: (found: T) => readonly MailboxRecord[],
): number[] {
  const sign = order === 'heaviest' ? -1 : 1
  return Array.from(users, found => ({ index: found.user.index, weight: wantedOf(found).length }))
    .sort((a, b) => sign * (a.weight - b.weight) || a.index - b.index)
    .map(({ index }) => index)
}

/** As ACLs have it, without the marker of a run. */
function nameOf(user: UserName, { userPrefix }: SiteSpec): string {
  const id = userId(user)
  return user.name.startsWith(userPrefix) ? id.slice(userPrefix.length) : id
}

function isOn(location: string, { from, partition }: Selection): boolean {
  const server = serverOf(location)
  return (from ?? server) === server && (partition === undefined || location === `${server}!${partition}`)
}
