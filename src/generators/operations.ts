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
        const made = server === undefined ? record : { ...record, location: this.#locationOn(server) }
        if (server !== undefined) this.model.replace({ user, record }, made)
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
  moveIn(target: Target, server: string): Operation {
    const moved = { ...target.record, location: this.#locationOn(server, target.record.location) }
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

  /** @param before where it lay: the partition stays the same where the server has such a one */
  #locationOn(server: string, before = ''): string {
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
