import { HarnessError } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { type Command, OPERATION_KINDS, type Operation, type OperationKind } from '../core/operation.js'
import { entityRandom, type Random } from '../core/random.js'
import { drawAcl } from './acl.js'
import { type Pick, weightedPick } from './distribution.js'
import { deletedName, renamedName } from './new-name.js'
import { SiteModel, type Target } from './site-model.js'
import { sitePlan } from './site-plan.js'
import type { MixSpec, SiteSpec } from './spec.js'

/** Endless operations on a site, in an order in which each finds what the earlier ones left. Same seed, same bytes. */
export function* operations(site: SiteSpec, mix: MixSpec, seed: number): Generator<Operation, void, undefined> {
  const stream = new OperationStream(site, mix, seed)
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
  #names = 0

  constructor(site: SiteSpec, mix: MixSpec, seed: number) {
    const weights = OPERATION_KINDS.map(kind => mix[kind])
    if (!weights.some(weight => weight > 0)) {
      throw new HarnessError('PROFILE_INVALID', 'no operation of the mix has a weight', 'give one a weight above 0')
    }
    this.model = new SiteModel(site, seed)
    this.#mix = mix
    this.#kind = weightedPick(weights)
    this.#random = entityRandom(seed, 'operations', 0)
  }

  /** Where nothing is left to work on, a mailbox is created instead. */
  next(): Operation {
    return this.#make(OPERATION_KINDS[this.#kind(this.#random())]!) ?? this.#create()
  }

  #make(kind: OperationKind): Operation | undefined {
    switch (kind) {
      case 'create':
        return this.#create()
      case 'find':
        return this.#on(this.model.pick(this.#random), target => this.#find(target))
      case 'setacl':
        return this.#on(this.model.pick(this.#random), target => this.#setAcl(target))
      case 'rename':
        return this.#on(this.model.pickLeaf(this.#random), target => this.#rename(target))
      case 'delete':
        return this.#on(this.model.pickLeaf(this.#random), target => this.#delete(target))
    }
  }

  #on(target: Target | undefined, make: (target: Target) => Operation): Operation | undefined {
    return target === undefined ? undefined : make(target)
  }

  #create(): Operation {
    const target = this.model.create()
    return operation('create', target, [target.record.name], [reserve(target.record), activate(target.record)])
  }

  #find(target: Target): Operation {
    const { name } = target.record
    return operation('find', target, [name], [{ kind: 'FIND', name }])
  }

  #setAcl(target: Target): Operation {
    const { user, record } = target
    const plan = sitePlan(this.model.site)
    const changed = { ...record, acl: drawAcl(plan, this.model.seed, user.index, user.id, this.#random) }
    this.model.replace(target, changed)
    return operation('setacl', target, [record.name], [activate(changed)])
  }

  #rename(target: Target): Operation {
    const { record } = target
    const renamed = { ...record, name: renamedName(record.name, target.user, this.#names++) }
    this.model.replace(target, renamed)
    const make = [reserve(renamed), activate(renamed)]
    // 3.x takes the old name off the list first (imap/mboxlist.c mboxlist_renamemailbox), 2.3 last.
    const commands = this.#mix.renameStyle === '3.x' ? [remove(record), ...make] : [...make, remove(record)]
    return operation('rename', target, [record.name, renamed.name], commands)
  }

  #delete(target: Target): Operation {
    const { record } = target
    const name = this.#mix.deleteStyle === 'final' ? undefined : deletedName(record.name, this.#names++)
    if (name === undefined) {
      this.model.remove(target)
      return operation('delete', target, [record.name], [remove(record)])
    }
    const tombstone = { ...record, name }
    this.model.remove(target, tombstone)
    const commands = [remove(record), reserve(tombstone), activate(tombstone)]
    return operation('delete', target, [record.name, tombstone.name], commands)
  }
}

function operation(
  kind: OperationKind,
  { user }: Target,
  mailboxes: readonly string[],
  commands: readonly Command[],
): Operation {
  return { kind, backend: user.backend, mailboxes, commands }
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
