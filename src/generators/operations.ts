import { HarnessError } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { type Command, MIXED_KINDS, type MixedKind, type Operation, type OperationKind } from '../core/operation.js'
import { entityRandom, type Random } from '../core/random.js'
import { drawAcl } from './acl.js'
import { type Pick, weightedPick } from './distribution.js'
import { deletedName, renamedName } from './new-name.js'
import { SiteModel, type Target } from './site-model.js'
import { backendOn, serverOf, sitePlan } from './site-plan.js'
import type { MixSpec, SiteSpec } from './spec.js'
import type { User } from './user.js'

/** Endless operations on a site, in an order in which each finds what the earlier ones left. Same seed, same bytes. */
export function* endless(stream: OperationStream): Generator<Operation, void, undefined> {
  for (;;) yield stream.next()
}

/** Something that a step has done to a mailbox; `record`: as it was. */
type Change =
  | { readonly kind: 'created'; readonly user: User; readonly name: string }
  /** `left`: as it was then. */
  | { readonly kind: 'changed'; readonly user: User; readonly record: MailboxRecord; readonly left: MailboxRecord }
  | { readonly kind: 'stranded'; readonly user: User; readonly record: MailboxRecord }
  | {
      readonly kind: 'deleted'
      readonly user: User
      readonly record: MailboxRecord
      /** Undefined where nothing is left of it. */
      readonly tombstone: string | undefined
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
  /** What steps have done, in their order. */
  readonly #changes: Change[] = []
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

  /** A user with all his mailboxes. @param server where they are to lie; where the site's model says, if absent */
  *createUser(server?: string): Generator<Operation, void, undefined> {
    for (const user of this.model.createUser())
      for (const record of user.mailboxes) {
        const made = server === undefined ? record : { ...record, location: this.locationOn(server) }
        if (server !== undefined) this.model.replace({ user, record }, made)
        this.#changes.push({ kind: 'created', user, name: made.name })
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
  change(target: Target, changed: MailboxRecord): Operation {
    this.model.replace(target, changed)
    return this.#operation('setacl', changed, [changed.name], [activate(changed)])
  }

  #rename(target: Target): Operation {
    const { record } = target
    const renamed = { ...record, name: renamedName(record.name, target.user, this.#names++) }
    this.model.replace(target, renamed)
    const make = [reserve(renamed), activate(renamed)]
    // 3.x takes the old name off the list first (imap/mboxlist.c mboxlist_renamemailbox), 2.3 last.
    const commands = this.#mix.renameStyle === '3.x' ? [remove(record), ...make] : [...make, remove(record)]
    return this.#operation('rename', record, [record.name, renamed.name], commands)
  }

  /** A mailbox that no other lies in. */
  delete(target: Target): Operation {
    const { record } = target
    const name = this.#mix.deleteStyle === 'final' ? undefined : deletedName(record.name, this.#names++)
    if (name === undefined) {
      this.model.remove(target)
      return this.#operation('delete', record, [record.name], [remove(record)])
    }
    const tombstone = { ...record, name }
    this.model.remove(target, tombstone)
    const commands = [remove(record), reserve(tombstone), activate(tombstone)]
    return this.#operation('delete', record, [record.name, tombstone.name], commands)
  }

  /** What the backend of an XFER that a mailbox leaves says of it. */
  moveOut(record: MailboxRecord): Operation {
    const { name, location } = record
    return this.#operation('moveOut', record, [name], [{ kind: 'DEACTIVATE', name, location }])
  }

  /** What the other one says. */
  moveIn(target: Target, location: string): Operation {
    const moved = { ...target.record, location }
    this.model.replace(target, moved)
    return this.#operation('moveIn', moved, [moved.name], [activate(moved)])
  }

  /** A backend's `ctl_mboxlist -m`: its part of the list, and then what is not there as it is here. */
  *push(server: string): Generator<Operation, void, undefined> {
    const backend = backendOn(sitePlan(this.model.site), server)
    yield { kind: 'push', backend, mailboxes: [], commands: [{ kind: 'LIST', locationPrefix: `${server}!` }] }
    for (const record of this.model.recover(server))
      yield this.#operation('push', record, [record.name], [activate(record)])
  }

  /** A step's own operation: remembered, to be undone. @param target as it was before */
  noted({ user, record }: Target, operation: Operation): Operation {
    const { kind, mailboxes } = operation
    if (kind === 'delete') this.#changes.push({ kind: 'deleted', user, record, tombstone: mailboxes[1] })
    else this.#changes.push({ kind: 'changed', user, record, left: this.model.find(user, record.name) ?? record })
    return operation
  }

  /** A move that was broken off; nothing more is sent of it. */
  strand(target: Target): void {
    this.model.strand(target)
    this.#changes.push({ kind: 'stranded', ...target })
  }

  /** Puts back what steps have changed, the last first, as far as it still is as they left it. */
  *undo(): Generator<Operation, void, undefined> {
    for (let change = this.#changes.pop(); change !== undefined; change = this.#changes.pop())
      for (const _ of this.model.alone(change.user)) yield* this.#undone(change)
  }

  *#undone(change: Change): Generator<Operation, void, undefined> {
    const { user } = change
    if (change.kind === 'stranded') {
      const record = this.model.recoverOne(change.record.name)
      if (record !== undefined) yield this.#operation('push', record, [record.name], [activate(record)])
      return
    }
    if (change.kind === 'deleted') {
      if (change.tombstone !== undefined) yield* this.#undelete(user, change.record, change.tombstone)
      return
    }
    const record = this.model.find(user, change.kind === 'created' ? change.name : change.record.name)
    if (record === undefined) return
    const target = { user, record }
    if (change.kind === 'created') {
      this.model.remove(target)
      yield this.#operation('delete', record, [record.name], [remove(record)])
    } else if (record.location === change.record.location) {
      if (record.acl === change.left.acl && record.acl !== change.record.acl)
        yield this.change(target, { ...record, acl: change.record.acl })
    } else {
      yield this.moveOut(record)
      yield this.moveIn(target, change.record.location)
    }
  }

  /** A rename back out of `DELETED.` */
  *#undelete(user: User, record: MailboxRecord, name: string): Generator<Operation, void, undefined> {
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

function reserve({ name, location }: MailboxRecord): Command {
  return { kind: 'RESERVE', name, location }
}

function activate({ name, location, acl }: MailboxRecord): Command {
  return { kind: 'ACTIVATE', name, location, acl }
}

function remove({ name }: MailboxRecord): Command {
  return { kind: 'DELETE', name }
}
