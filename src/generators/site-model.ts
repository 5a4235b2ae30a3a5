import type { MailboxRecord } from '../core/mailbox.js'
import type { Random } from '../core/random.js'
import { lastUser } from './mailboxes.js'
import { serverOf } from './site-plan.js'
import type { SiteSpec } from './spec.js'
import { type User, userAt } from './user.js'

/** What the model knows of a mailbox's owner besides the mailbox. */
export interface Target {
  readonly user: User
  readonly record: MailboxRecord
}

/** How many users are looked at before a site counts as empty. */
const ATTEMPTS = 256

/**
 * Which mailboxes exist, operation by operation. Users whom no operation has touched are made anew when needed, so that
 * memory grows with the operations and not with the site.
 */
export class SiteModel {
  /** Users of whom some mailbox has been changed: their live mailboxes and their DELETED ones. */
  readonly #touched = new Map<number, { live: MailboxRecord[]; deleted: MailboxRecord[] }>()
  /** Of mailboxes that a move has left reserved: what they were, by name. */
  readonly #stranded = new Map<string, Target>()
  /** Users with whom something is being done that takes more than one operation. */
  readonly #busy = new Set<number>()
  /** The user being added: how many of their mailboxes exist, and who comes before. */
  #newUser: User
  #created: number
  #size: number

  constructor(
    readonly site: SiteSpec,
    readonly seed: number,
  ) {
    const { users, rest } = lastUser(site, seed)
    this.#newUser = userAt(site, seed, Math.max(0, users - 1))
    this.#created = rest
    this.#size = site.mailboxes
  }

  /** Mailboxes there are, DELETED ones included. */
  get size(): number {
    return this.#size
  }

  /** A mailbox that exists; `undefined` if there is none, or as good as none. DELETED ones are nobody's target. */
  pick(random: Random): Target | undefined {
    const users = this.#newUser.index + (this.#created > 0 ? 1 : 0)
    if (users === 0) return undefined
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const index = Math.floor(random() * users)
      // Before the user is made, which costs a hundred times as much.
      if (this.#touched.get(index)?.live.length === 0 || this.#busy.has(index)) continue
      const user = this.#user(index)
      const live = this.#live(user)
      if (live.length > 0) return { user, record: live[Math.floor(random() * live.length)]! }
    }
    return undefined
  }

  /** Like {@link pick}, but a mailbox that no other lies in: an INBOX only if it is all that the user has. */
  pickLeaf(random: Random): Target | undefined {
    const target = this.pick(random)
    if (target === undefined) return undefined
    const live = this.#live(target.user)
    for (let leaf = target.record; ; ) {
      const inside = `${leaf.name}.`
      const child = live.find(record => record.name.startsWith(inside))
      if (child === undefined) return { user: target.user, record: leaf }
      leaf = child
    }
  }

  /** Goes on with the stream of mailboxes where the site's initial ones end. */
  create(): Target {
    if (this.#created === this.#newUser.mailboxes.length) {
      this.#newUser = userAt(this.site, this.seed, this.#newUser.index + 1)
      this.#created = 0
    }
    const user = this.#newUser
    const record = user.mailboxes[this.#created++]!
    this.#touched.get(user.index)?.live.push(record)
    this.#size++
    return { user, record }
  }

  /** A mailbox under another name or with another ACL. */
  replace({ user, record }: Target, by: MailboxRecord): void {
    const { live } = this.#touch(user)
    live[indexOf(live, record)] = by
  }

  /** @param tombstone the DELETED mailbox that takes its place, if deletion is delayed */
  remove({ user, record }: Target, tombstone?: MailboxRecord): void {
    const { live, deleted } = this.#touch(user)
    live.splice(indexOf(live, record), 1)
    if (tombstone === undefined) this.#size--
    else deleted.push(tombstone)
  }

  /** A move has ended before the mailbox was taken over: it is only reserved, and nobody's target. */
  strand(target: Target): void {
    const { live } = this.#touch(target.user)
    live.splice(indexOf(live, target.record), 1)
    this.#stranded.set(target.record.name, target)
  }

  /** A server's stranded mailboxes, each live again once it is taken. */
  *recover(server: string): Generator<MailboxRecord, void, undefined> {
    for (const [name, { record }] of this.#stranded) {
      if (serverOf(record.location) !== server) continue
      this.recoverOne(name)
      yield record
    }
  }

  /** One that was stranded, live again; undefined where it is not. */
  recoverOne(name: string): MailboxRecord | undefined {
    const target = this.#stranded.get(name)
    if (target === undefined) return undefined
    this.#stranded.delete(name)
    this.#touch(target.user).live.push(target.record)
    return target.record
  }

  /** A live mailbox of his. */
  find(user: User, name: string): MailboxRecord | undefined {
    return this.#live(user).find(record => record.name === name)
  }

  /** What was deleted is back. @returns whether there was such a tombstone, and nothing in its place */
  restore(user: User, record: MailboxRecord, tombstone: string): boolean {
    const { live, deleted } = this.#touch(user)
    const at = deleted.findIndex(({ name }) => name === tombstone)
    if (at === -1 || live.some(({ name }) => name === record.name)) return false
    deleted.splice(at, 1)
    live.push(record)
    return true
  }

  /** Users with their mailboxes, as they are when each is asked for; nobody else touches the one that was given last. */
  *users(): Generator<{ readonly user: User; readonly live: readonly MailboxRecord[] }, void, undefined> {
    // Those who come meanwhile are not among them.
    const last = this.#newUser.index
    for (let index = 0; index <= last; index++) {
      if (this.#touched.get(index)?.live.length === 0) continue
      const user = this.#user(index)
      const live = [...this.#live(user)]
      if (live.length === 0) continue
      for (const _ of this.alone(user)) yield { user, live }
    }
  }

  /** A whole new user, whom nobody else touches until the generator is asked again; mailboxes of one begun before stay. */
  *createUser(): Generator<User, void, undefined> {
    this.#touch(this.#newUser)
    const user = userAt(this.site, this.seed, this.#newUser.index + 1)
    this.#newUser = user
    this.#created = user.mailboxes.length
    this.#size += this.#created
    yield* this.alone(user)
  }

  /** Once, and while that is looked at nobody else touches the user. */
  *alone(user: User): Generator<User, void, undefined> {
    this.#busy.add(user.index)
    try {
      yield user
    } finally {
      this.#busy.delete(user.index)
    }
  }

  /** What a master's list must be once all operations have succeeded; by user, not in the list's order. */
  *catalogue(): Generator<MailboxRecord, void, undefined> {
    yield* this.site.listed?.others ?? []
    for (const { record } of this.#stranded.values()) yield { ...record, acl: '', state: 'reserved' }
    for (let index = 0; index <= this.#newUser.index; index++) {
      yield* this.#live(this.#user(index))
      yield* this.#touched.get(index)?.deleted ?? []
    }
  }

  #touch(user: User): { live: MailboxRecord[]; deleted: MailboxRecord[] } {
    let touched = this.#touched.get(user.index)
    if (touched === undefined) {
      touched = { live: [...this.#live(user)], deleted: [] }
      this.#touched.set(user.index, touched)
    }
    return touched
  }

  #live(user: User): readonly MailboxRecord[] {
    const touched = this.#touched.get(user.index)
    if (touched !== undefined) return touched.live
    return user.index === this.#newUser.index ? user.mailboxes.slice(0, this.#created) : user.mailboxes
  }

  #user(index: number): User {
    return index === this.#newUser.index ? this.#newUser : userAt(this.site, this.seed, index)
  }
}

function indexOf(records: readonly MailboxRecord[], { name }: MailboxRecord): number {
  return records.findIndex(record => record.name === name)
}
