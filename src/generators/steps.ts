import type { MailboxRecord } from '../core/mailbox.js'
import type { Operation } from '../core/operation.js'
import { entityRandom } from '../core/random.js'
import type { OperationStream } from './operations.js'
import { serverOf } from './site-plan.js'
import type { Selection, SiteSpec, StepSpec } from './spec.js'
import type { User } from './user.js'

/**
 * What an administrator does to a site, as the operations that its backends then send, with all their ordering: those of
 * one mailbox come one after the other. Made while they are sent, from the site as it is by then.
 */
export function* stepOperations(stream: OperationStream, step: StepSpec): Generator<Operation, void, undefined> {
  switch (step.kind) {
    case 'create':
      for (let user = 0; user < step.users; user++) yield* stream.createUser(step.on)
      break
    case 'move':
      yield* moved(stream, step)
      break
    case 'delete':
      // What lies in another mailbox goes before it.
      for (const { user, own } of selected(stream, step.selection))
        for (const record of own.toReversed()) yield stream.noted({ user, record }, stream.delete({ user, record }))
      break
    case 'setAcl':
      for (const { user, own } of selected(stream, step.selection))
        for (const record of own) {
          const acl = withRights(record.acl, step.identifier, step.rights)
          if (acl === record.acl) continue
          yield stream.noted({ user, record }, stream.change({ user, record }, { ...record, acl }))
        }
      break
    case 'undo':
      yield* stream.undo()
      break
    case 'push':
      for (const server of step.servers) yield* stream.push(server)
      break
  }
}

/** Operations of a step that are about one mailbox; what is undone is mostly moves. */
export function operationsPerMailbox({ kind }: StepSpec): number {
  return kind === 'move' || kind === 'undo' ? 2 : 1
}

/**
 * XFER, user by user: the backend that they leave says so of each mailbox, then the other one takes them over
 * (imap/imapd.c xfer_deactivate, xfer_activate). One that is broken off leaves half of the user's mailboxes reserved.
 */
function* moved(
  stream: OperationStream,
  { selection, to, abort }: StepSpec & { kind: 'move' },
): Generator<Operation, void, undefined> {
  for (const { user, own: moving } of selected(stream, selection, to)) {
    const isAborted = entityRandom(stream.model.seed, 'abort', user.index)() < abort
    for (const record of moving) yield stream.moveOut(record)
    const taken = isAborted ? moving.length >> 1 : moving.length
    for (const record of moving.slice(0, taken))
      yield stream.noted({ user, record }, stream.moveIn({ user, record }, stream.locationOn(to, record.location)))
    for (const record of moving.slice(taken)) stream.strand({ user, record })
  }
}

interface Selected {
  readonly user: User
  /** Those of his mailboxes that the step is about. */
  readonly own: readonly MailboxRecord[]
}

/** @param except those that lie on this server already */
function* selected(
  stream: OperationStream,
  selection: Selection,
  except?: string,
): Generator<Selected, void, undefined> {
  const { model } = stream
  const { prefix = '', users = Infinity, mailboxes = Infinity } = selection
  let [usersLeft, mailboxesLeft] = [users, mailboxes]
  for (const { user, live } of model.users()) {
    if (!nameOf(user, model.site).startsWith(prefix)) continue
    const isWanted = ({ location }: MailboxRecord) => isOn(location, selection) && serverOf(location) !== except
    const own = live.filter(isWanted).slice(0, mailboxesLeft)
    if (own.length === 0) continue
    usersLeft--
    mailboxesLeft -= own.length
    yield { user, own }
    if (usersLeft <= 0 || mailboxesLeft <= 0) return
  }
}

/** As ACLs have it, without the marker of a run. */
function nameOf({ name, id }: User, { userPrefix }: SiteSpec): string {
  return name.startsWith(userPrefix) ? id.slice(userPrefix.length) : id
}

function isOn(location: string, { from, partition }: Selection): boolean {
  const server = serverOf(location)
  return (from ?? server) === server && (partition === undefined || location === `${server}!${partition}`)
}

/** @param rights none take the identifier out */
function withRights(acl: string, identifier: string, rights: string): string {
  const fields = acl.split('\t')
  const entry = (who: string, what: string) => (what === '' ? '' : `${who}\t${what}\t`)
  let changed = ''
  let isThere = false
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const isHis = fields[i] === identifier
    isThere ||= isHis
    changed += entry(fields[i]!, isHis ? rights : fields[i + 1]!)
  }
  return isThere ? changed : changed + entry(identifier, rights)
}
