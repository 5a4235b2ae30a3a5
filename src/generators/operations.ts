import { HarnessError } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { type Command, MIXED_KINDS, type MixedKind, type Operation, type OperationKind } from '../core/operation.js'
import { entityRandom, type Random } from '../core/random.js'
import { drawAcl, rightsOf, withRights } from './acl.js'
import { Changes } from './changes.js'
import { type Pick, weightedPick } from './distribution.js'
import { deletedName, renamedName } from './new-name.js'
import { SiteModel, type Target } from './site-model.js'
import { backendOn, MAX_NAME_BYTES, serverOf, sitePlan } from './site-plan.js'
import type { MixSpec, SiteSpec } from './spec.js'
import type { User } from './user.js'
import { userId } from './user-name.js'

/** Endless operations on a site, in an order in which each finds what the earlier ones left. Same seed, same bytes. */
export function* endless(stream: OperationStream): Generator<Operation, void, undefined> {
  for (;;) yield stream.next()
}

/**
 * The operations and what they make of the site. A DELETE of a name that the master does not know kills real masters
 * (imap/mupdate.c cmd_set), so no operation names a mailbox that is not there; an operation that fails must keep the
 * later ones on the same mailbox from being sent, see {@link Operation}.
 */
export class OperationStream {
  /** The site after all operations that {@link next} has given. */
  readonly model: SiteModel
  readonly #mix: MixSpec
  readonly #kind: Pick
  readonly #random: Random
  readonly changes = new Changes(this)
  /** Counts new names, each of which holds its number: no two are the same. */
  #names: number

  constructor(site: SiteSpec, mix: MixSpec, seed: number) {
    const weights = MIXED_KINDS.map(kind => mix[kind])
    if (!weights.some(weight => weight > 0)) {
      throw new HarnessError('PROFILE_INVALID', 'no operation of the mix has a weight', 'give one a weight above 0')
    }
    this.model = new SiteModel(site, seed)
    this.#mix = mix
    this.#kind = weightedPick(weights)
    this.#random = entityRandom(seed, 'operations', 0)
    this.#names = site.listed?.freeOrdinal ?? 0
  }

  /** Where nothing is left to work on, a mailbox is created instead. */
  next(): Operation {
    return this.#make(MIXED_KINDS[this.#kind(this.#random())]!) ?? this.create()
  }

  #make(kind: MixedKind): Operation | undefined {
    switch (kind) {
      case 'create':
        return this.create()
      case 'find':
        return this.#on(this.model.pick(this.#random), target => this.#find(target))
      case 'setacl':
        return this.#on(this.model.pick(this.#random), target => this.#setAcl(target))
      case 'rename':
        return this.#on(this.model.pickLeaf(this.#random), target => this.#rename(target))
      case 'delete':
        return this.#on(this.model.pickLeaf(this.#random), target => this.delete(target))
    }
  }

  #on(target: Target | undefined, make: (target: Target) => Operation): Operation | undefined {
    return target === undefined ? undefined : make(target)
  }

  create(): Operation {
    return this.#createOf(this.model.create().record)
  }

  /**
   * A user with all his mailboxes.
   *
   * @param server where they are to lie; where the site's model says, if absent
   * @param id his name as ACLs have it; one that the site makes, if absent
   */
  *createUser(server?: string, id?: string): Generator<Operation, void, undefined> {
    for (const user of this.model.createUser(id))
      for (const record of user.mailboxes) {
        const made = server === undefined ? record : { ...record, location: this.locationOn(server) }
        this.model.add({ user, record: made })
        this.changes.note({ kind: 'created', user, name: made.name })
        yield this.#createOf(made)
      }
  }

  #createOf(record: MailboxRecord): Operation {
    return this.#operation('create', record, [record.name], [reserve(record), activate(record)])
  }

  #find(target: Target): Operation {
    const { name } = target.record
    return this.#operation('find', target.record, [name], [{ kind: 'FIND', name }])
  }

  #setAcl(target: Target): Operation {
    const { user, record } = target
    const plan = sitePlan(this.model.site)
    return this.change(target, { ...record, acl: drawAcl(plan, this.model.seed, user.index, user.id, this.#random) })
  }

  /** SETACL. @param changed the same mailbox with another ACL */
  change(target: Target, changed: MailboxRecord, kind: 'setacl' | 'ownerAcl' = 'setacl'): Operation {
    this.model.replace(target, changed)
    return this.#operation(kind, changed, [changed.name], [activate(changed)])
  }

  #rename(target: Target): Operation {
    const { record } = target
    const renamed = { ...record, name: renamedName(record.name, target.user, this.#names++) }
    return this.#renameTo(target, renamed)
  }

  #renameTo(target: Target, renamed: MailboxRecord): Operation {
    const { record } = target
    this.model.replace(target, renamed)
    const make = [reserve(renamed), activate(renamed)]
    // 3.x takes the old name off the list first (imap/mboxlist.c mboxlist_renamemailbox), 2.3 last.
    const commands = this.#mix.renameStyle === '3.x' ? [remove(record), ...make] : [...make, remove(record)]
    return this.#operation('rename', record, [record.name, renamed.name], commands)
  }

  /**
   * An administrator's RENAME of a user into another domain, mailbox by mailbox; DELETED ones keep their names
   * (imap/imapd.c cmd_rename). Nothing is sent where one of the names would be too long.
   */
  *renameUser(user: User, live: readonly MailboxRecord[], domain: string): Generator<Operation, void, undefined> {
    const named = live.map(record => ({ record, name: inDomain(record.name, domain) }))
    if (named.some(({ name }) => name.length > MAX_NAME_BYTES)) return
    const renamed = { ...user, domain, id: userId({ name: user.name, domain }) }
    this.model.rename(renamed)
    for (const { record, name } of named) {
      // Before it is drawn: it may be broken off at any moment.
      this.changes.note({ kind: 'renamed', user, record, left: owned({ user, record }, name).left })
      yield* this.renameOf({ user, record }, name)
    }
  }

  /**
   * One mailbox of his: RENAME, and then SETACL twice where the ACL has him (imap/user.c user_renameacl).
   *
   * @param acl to end with, in place of the one that this makes of it
   */
  *renameOf(target: Target, name: string, acl?: string): Generator<Operation, void, undefined> {
    const { user } = target
    const { renamed, both, left } = owned(target, name)
    yield this.#renameTo(target, renamed)
    if (both === undefined) return
    yield this.change({ user, record: renamed }, both, 'ownerAcl')
    yield this.change({ user, record: both }, { ...left, acl: acl ?? left.acl }, 'ownerAcl')
  }

  /** A mailbox that no other lies in. */
  delete(target: Target): Operation {
    const { record } = target
    const name = this.#mix.deleteStyle === 'final' ? undefined : deletedName(record.name, this.#names++)
    if (name === undefined) return this.expunge(target)
    const tombstone = { ...record, name }
    this.model.remove(target, tombstone)
    const commands = [remove(record), reserve(tombstone), activate(tombstone)]
    return this.#operation('delete', record, [record.name, tombstone.name], commands)
  }

  /** One of which nothing is left. */
  expunge(target: Target): Operation {
    const { record } = target
    this.model.remove(target)
    return this.#operation('delete', record, [record.name], [remove(record)])
  }

  /** What the backend of an XFER that a mailbox leaves says of it: until the other one has it, it is reserved. */
  moveOut(target: Target): Operation {
    const { record } = target
    const { name, location } = record
    this.model.strand(target)
    return this.#operation('moveOut', record, [name], [{ kind: 'DEACTIVATE', name, location }])
  }

  /** What the other one says. */
  moveIn(target: Target, location: string): Operation {
    const moved = { ...target.record, location }
    this.model.recoverOne(moved.name)
    this.model.replace(target, moved)
    return this.#operation('moveIn', moved, [moved.name], [activate(moved)])
  }

  /** What a backend's `ctl_mboxlist -m` asks first: its part of the list. */
  list(server: string): Operation {
    return this.#push(server, [], [{ kind: 'LIST', locationPrefix: `${server}!` }])
  }

  /** One that the backend has not, off its part of the list. */
  pushDelete(server: string, name: string): Operation {
    return this.#push(server, [name], [{ kind: 'DELETE', name }])
  }

  /** One of the backend's own. @param isListed otherwise it is looked for first, and pushed where it is nowhere */
  push(record: MailboxRecord, isListed: boolean): Operation {
    const { name, location } = record
    this.model.recoverOne(name)
    return this.#push(
      serverOf(location),
      [name],
      isListed ? [activate(record)] : [{ kind: 'FIND', name }, activate(record)],
    )
  }

  #push(server: string, mailboxes: readonly string[], commands: readonly Command[]): Operation {
    return { kind: 'push', backend: backendOn(sitePlan(this.model.site), server), mailboxes, commands }
  }

  /** One that a move has left reserved, as the backend pushes it that has it still. */
  *recovered(name: string): Generator<Operation, void, undefined> {
    const record = this.model.strandedAs(name)
    if (record !== undefined) yield this.push(record, true)
  }

  /** A step's own operation: remembered, to be undone. @param target as it was before */
  noted({ user, record }: Target, operation: Operation): Operation {
    const { kind, mailboxes } = operation
    if (kind === 'delete') this.changes.note({ kind: 'deleted', user, record, tombstone: mailboxes[1] })
    else this.changes.note({ kind: 'changed', user, record, left: this.model.find(user, record.name) ?? record })
    return operation
  }

  /** A rename back out of `DELETED.` */
  *undelete(user: User, record: MailboxRecord, name: string): Generator<Operation, void, undefined> {
    const tombstone = { ...record, name }
    if (!this.model.restore(user, record, name)) return
    const commands = [remove(tombstone), reserve(record), activate(record)]
    yield this.#operation('rename', record, [name, record.name], commands)
  }

  /** @param before where it lay: the partition stays the same where the server has such a one */
  locationOn(server: string, before = ''): string {
    const plan = sitePlan(this.model.site)
    const locations = plan.locations[backendOn(plan, server)]!
    const same = `${server}!${before.slice(before.indexOf('!') + 1)}`
    return locations.includes(same) ? same : locations[0]!
  }

  #operation(
    kind: OperationKind,
    { location }: MailboxRecord,
    mailboxes: readonly string[],
    commands: readonly Command[],
  ): Operation {
    return { kind, backend: backendOn(sitePlan(this.model.site), serverOf(location)), mailboxes, commands }
  }
}

function inDomain(name: string, domain: string): string {
  return `${domain}!${name.slice(name.indexOf('!') + 1)}`
}

function domainOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf('!')))
}

function reserve({ name, location }: MailboxRecord): Command {
  return { kind: 'RESERVE', name, location }
}

function activate({ name, location, acl }: MailboxRecord): Command {
  return { kind: 'ACTIVATE', name, location, acl }
}

function remove({ name }: MailboxRecord): Command {
  return { kind: 'DELETE', name }
}

/** A mailbox under another name, then with its owner under both of his, then under the new one; `both` where the ACL has him. */
function owned({ user, record }: Target, name: string) {
  const [id, newId] = [record.name, name].map(mailbox => userId({ name: user.name, domain: domainOf(mailbox) }))
  const renamed = { ...record, name }
  const rights = rightsOf(record.acl, id!)
  if (rights === undefined) return { renamed, left: renamed }
  const both = { ...renamed, acl: withRights(record.acl, newId!, rights) }
  return { renamed, both, left: { ...renamed, acl: withRights(both.acl, id!, '') } }
}
