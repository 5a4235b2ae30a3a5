import type { MailboxRecord } from '../core/mailbox.js'
import { deletedOwnerOf, ownerOf } from '../core/mailbox-owner.js'
import { ordinalOf } from './new-name.js'
import type { User } from './user.js'
import { type UserName, userId, userNameOf } from './user-name.js'

const USER = 'user.'
/** Before the names of users who come in the course of a run. */
const NEW = 'new-'

/** A site's own mailboxes, in the place of made ones: by user, in the order of its list. */
export class ListedUsers {
  /** Of users, and of nobody. */
  readonly all: readonly MailboxRecord[]
  /** Nobody's: what a backend has beside users. */
  readonly shared: readonly MailboxRecord[]
  /** Which no operation is about: reserved ones, and deleted ones of users who are gone. */
  readonly others: readonly MailboxRecord[]
  /** Put before the names of further users, so that they are none of these. */
  readonly newPrefix: string
  /** Numbers from here on are in none of their names. */
  readonly freeOrdinal: number
  private readonly inboxes: readonly string[]
  private readonly mailboxes: ReadonlyMap<string, readonly MailboxRecord[]>
  /** Those that wait to be expired, by the INBOX of whom they were of. */
  private readonly deleted: ReadonlyMap<string, readonly MailboxRecord[]>

  constructor(all: readonly MailboxRecord[]) {
    const mailboxes = new Map<string, MailboxRecord[]>()
    const deleted = new Map<string, MailboxRecord[]>()
    const shared: MailboxRecord[] = []
    const others: MailboxRecord[] = []
    for (const record of all) {
      const owner = ownerOf(record.name)
      const deletedOwner = deletedOwnerOf(record.name)
      if (record.state !== 'active') others.push(record)
      else if (owner !== '') add(mailboxes, owner, record)
      else if (deletedOwner !== '') add(deleted, deletedOwner, record)
      else shared.push(record)
    }
    for (const [owner, records] of deleted) if (!mailboxes.has(owner)) others.push(...records)
    this.all = all
    this.shared = shared
    this.others = others
    this.mailboxes = mailboxes
    this.deleted = deleted
    this.inboxes = [...mailboxes.keys()]
    this.newPrefix = freePrefix(all)
    this.freeOrdinal = all.reduce((free, { name }) => Math.max(free, ordinalOf(name) + 1), 0)
  }

  get count(): number {
    return this.inboxes.length
  }

  /** @returns undefined from {@link count} on */
  nameAt(index: number): UserName | undefined {
    const inbox = this.inboxes[index]
    return inbox === undefined ? undefined : userNameOf(inbox)
  }

  /** @returns undefined from {@link count} on */
  userAt(index: number): User | undefined {
    const name = this.nameAt(index)
    if (name === undefined) return undefined
    return { ...name, index, id: userId(name), mailboxes: this.mailboxes.get(this.inboxes[index]!)! }
  }

  /** Deleted mailboxes of his that wait to be expired. */
  deletedAt(index: number): readonly MailboxRecord[] {
    return this.deleted.get(this.inboxes[index] ?? '') ?? []
  }
}

function add(lists: Map<string, MailboxRecord[]>, key: string, record: MailboxRecord): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [record])
  else list.push(record)
}

/** @returns what no user's name, reserved or deleted ones included, begins with */
function freePrefix(all: readonly MailboxRecord[]): string {
  for (let i = 1; ; i++) {
    const prefix = i === 1 ? NEW : `new${i}-`
    if (!all.some(({ name }) => name.includes(`${USER}${prefix}`))) return prefix
  }
}
