import type { MailboxRecord } from '../core/mailbox.js'
import type { Random } from '../core/random.js'
import { lastUser } from './mailboxes.js'
import { serverOf } from './site-plan.js'
import type { SiteSpec } from './spec.js'
import { called, type User, userAt } from './user.js'
import { type UserName, userNameAt } from './user-name.js'

/** What the model knows of a mailbox's owner besides the mailbox. */
export interface Target {
  readonly user: User
  readonly record: MailboxRecord
}

/** A user of whom some mailbox has been changed. */
interface Touched {
  /** As he is called now. */
  user: User
  readonly live: MailboxRecord[]
  /** His DELETED ones. */
  readonly deleted: MailboxRecord[]
}

/** A mailbox that is on its way, or that a move has left reserved: what it was, and whose list it was taken from. */
interface Stranded extends Target {
  readonly list: MailboxRecord[]
}

/** How many users are looked at before a site counts as empty. */
const ATTEMPTS = 256

/**
 * Which mailboxes exist, operation by operation. Users whom no operation has touched are made anew when needed, so that
 * memory grows with the operations and not with the site.
 */
export class SiteModel {
  readonly #touched = new Map<number, Touched>()
  /** By name. */
  readonly #stranded = new Map<string, Stranded>()
  /** Which no operation but a push is about, by name: of a dump what is reserved, and what was of users who are gone. */
  readonly #others: Map<string, MailboxRecord>
  readonly #forgotten = new Set<string>()
  /** Users with whom something is being done that takes more than one operation. */
  readonly #busy = new Set<number>()
  /** Whose mailboxes those are that are no user's. */
  readonly nobody: User
  /** The user being added: how many of their mailboxes exist, and who comes before. */
  #newUser: User
  #created: number
  #size: number

  constructor(
    readonly site: SiteSpec,
    readonly seed: number,
  ) {
    const { users, rest } = lastUser(site, seed)
    this.nobody = { index: -1, name: '', domain: '', id: '', mailboxes: site.listed?.shared ?? [] }
    this.#newUser = userAt(site, seed, Math.max(0, users - 1))
    this.#created = rest
    this.#size = site.mailboxes
    this.#others = new Map((site.listed?.others ?? []).map(record => [record.name, record]))
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

  /** A mailbox under another name, in another place or with another ACL. */
  replace({ user, record }: Target, by: MailboxRecord): void {
    const list = this.#listWith(user, record)
    list[indexOf(list, record)] = by
  }

  /** A user under another name; his mailboxes keep theirs until each is replaced. */
  rename(user: User): void {
    // Those who come later are others.
    if (user.index === this.#newUser.index) this.#beginUser()
    this.#touch(user).user = user
  }

  /** @param tombstone the DELETED mailbox that takes its place, if deletion is delayed */
  remove({ user, record }: Target, tombstone?: MailboxRecord): void {
    const { live, deleted } = this.#touch(user)
    live.splice(indexOf(live, record), 1)
    if (tombstone === undefined) this.#size--
    else deleted.push(tombstone)
  }

  /** A mailbox has left, and was not taken over yet: it is only reserved, and nobody's target. */
  strand(target: Target): void {
    const list = this.#listWith(target.user, target.record)
    list.splice(indexOf(list, target.record), 1)
    this.#stranded.set(target.record.name, { ...target, list })
  }

  /** As its backend has it still; undefined where it is not stranded. */
  strandedAs(name: string): MailboxRecord | undefined {
    return this.#stranded.get(name)?.record
  }

  /** What a backend has of its own, whatever the master says: by user, not in the order of its list. */
  *ownOf(server: string): Generator<Target, void, undefined> {
    const isOwn = ({ record: { location, state } }: Target) => state === 'active' && serverOf(location) === server
    for (const target of this.#targets()) if (isOwn(target)) yield target
  }

  /** It as it is now; undefined where it has gone from there. */
  ownNow({ user, record: { name, location } }: Target): MailboxRecord | undefined {
    const now = this.#stranded.get(name)?.record ?? this.#others.get(name) ?? this.find(user, name)
    return now !== undefined && serverOf(now.location) === serverOf(location) ? now : undefined
  }

  /** Which a site's dump has as reserved, and of which a backend knows nothing. */
  reservedOn(server: string): MailboxRecord[] {
    return [...this.#others.values()].filter(
      ({ location, state }) => state === 'reserved' && serverOf(location) === server,
    )
  }

  /** One of those is gone. */
  forgetReserved({ name }: MailboxRecord): void {
    if (!this.#others.delete(name)) return
    this.#size--
    this.#forgotten.add(name)
  }

  get forgotten(): ReadonlySet<string> {
    return this.#forgotten
  }

  /** One that was stranded, live again; undefined where it is not. */
  recoverOne(name: string): MailboxRecord | undefined {
    const stranded = this.#stranded.get(name)
    if (stranded === undefined) return undefined
    this.#stranded.delete(name)
    // Before what lies in it.
    const child = stranded.list.findIndex(record => record.name.startsWith(`${name}.`))
    stranded.list.splice(child === -1 ? stranded.list.length : child, 0, stranded.record)
    return stranded.record
  }

  /** A mailbox of his, live or DELETED. */
  find(user: User, name: string): MailboxRecord | undefined {
    const isIt = (record: MailboxRecord) => record.name === name
    return this.#live(user).find(isIt) ?? this.deletedOf(user).find(isIt)
  }

  /** His DELETED mailboxes. */
  deletedOf(user: User): readonly MailboxRecord[] {
    return this.#touched.get(user.index)?.deleted ?? this.site.listed?.deletedAt(user.index) ?? []
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

  /**
   * Users whose names are wanted, with their live mailboxes, as they are when each is asked for.
   *
   * @param indices of those who are looked at, in their order; all, without those who come meanwhile, when absent
   */
  *users(
    isWanted: (name: UserName) => boolean = () => true,
    indices: Iterable<number> = upTo(this.#newUser.index),
  ): Generator<{ readonly user: User; readonly live: readonly MailboxRecord[] }, void, undefined> {
    for (const index of indices) {
      // Before the user is made, as in pick.
      if (this.#touched.get(index)?.live.length === 0 || !isWanted(this.#nameAt(index))) continue
      const user = this.#user(index)
      const live = [...this.#live(user)]
      if (live.length > 0) yield { user, live }
    }
  }

  /** Those that are no user's. */
  shared(): readonly MailboxRecord[] {
    return [...this.#live(this.nobody)]
  }

  /**
   * A new user, of that name if one is given, without mailboxes: they come with {@link add}. Nobody else touches him until the
   * generator is asked again; mailboxes of one begun before stay.
   */
  *createUser(id?: string): Generator<User, void, undefined> {
    const user = id === undefined && this.#created === 0 ? this.#newUser : this.#beginUser(id)
    this.#touch(user)
    yield* this.alone(user)
  }

  /** A mailbox more of his. */
  add({ user, record }: Target): void {
    this.#touch(user).live.push(record)
    this.#size++
  }

  /** The next one, of whom there is no mailbox yet. @param id his name as ACLs have it, where that is not left to the site */
  #beginUser(id?: string): User {
    this.#touch(this.#newUser)
    const made = userAt(this.site, this.seed, this.#newUser.index + 1)
    const user = id === undefined ? made : called(made, id, this.site)
    this.#newUser = user
    this.#created = 0
    // He could not be made anew.
    if (id !== undefined) this.#touch(user)
    return user
  }

  /** Once, and while that is looked at nobody else touches the user. */
  *alone(user: User): Generator<User, void, undefined> {
    // What is created next would be his.
    if (user.index === this.#newUser.index && this.#created < user.mailboxes.length) this.#beginUser()
    this.#busy.add(user.index)
    try {
      yield user
    } finally {
      this.#busy.delete(user.index)
    }
  }

  /** What a master's list must be once all operations have succeeded; by user, not in the list's order. */
  *catalogue(): Generator<MailboxRecord, void, undefined> {
    for (const { record } of this.#targets())
      yield this.#stranded.has(record.name) ? { ...record, acl: '', state: 'reserved' } : record
  }

  /** All that backends have, and what is only reserved. */
  *#targets(): Generator<Target, void, undefined> {
    for (const record of this.#others.values()) yield { user: this.nobody, record }
    yield* this.#stranded.values()
    for (const record of this.#live(this.nobody)) yield { user: this.nobody, record }
    for (let index = 0; index <= this.#newUser.index; index++) {
      const user = this.#user(index)
      for (const record of this.#live(user)) yield { user, record }
      for (const record of this.deletedOf(user)) yield { user, record }
    }
  }

  /** His list that this one is in. */
  #listWith(user: User, record: MailboxRecord): MailboxRecord[] {
    const { live, deleted } = this.#touch(user)
    return indexOf(live, record) === -1 ? deleted : live
  }

  #touch(user: User): Touched {
    let touched = this.#touched.get(user.index)
    if (touched === undefined) {
      touched = { user, live: [...this.#live(user)], deleted: [...this.deletedOf(user)] }
      this.#touched.set(user.index, touched)
    }
    return touched
  }

  #live(user: User): readonly MailboxRecord[] {
    const touched = this.#touched.get(user.index)
    if (touched !== undefined) return touched.live
    return user.index === this.#newUser.index ? user.mailboxes.slice(0, this.#created) : user.mailboxes
  }

  #nameAt(index: number): UserName {
    if (index === this.#newUser.index) return this.#newUser
    return this.#touched.get(index)?.user ?? userNameAt(this.site, this.seed, index)
  }

  #user(index: number): User {
    if (index === this.#newUser.index) return this.#newUser
    return this.#touched.get(index)?.user ?? userAt(this.site, this.seed, index)
  }
}

function indexOf(records: readonly MailboxRecord[], { name }: MailboxRecord): number {
  return records.findIndex(record => record.name === name)
}

function* upTo(last: number): Generator<number, void, undefined> {
  for (let index = 0; index <= last; index++) yield index
}
