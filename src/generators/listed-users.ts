import type { MailboxRecord } from '../core/mailbox.js'
import { ownerOf } from '../core/mailbox-owner.js'
import { ordinalOf } from './new-name.js'
import type { User } from './user.js'
import { type UserName, userId } from './user-name.js'

const USER = 'user.'
/** Before the names of users who come in the course of a run. */
const NEW = 'new-'

/** A site's own mailboxes, in the place of made ones: by user, in the order of its list. */
export class ListedUsers {
  /** Of users, and of nobody. */
  readonly all: readonly MailboxRecord[]
  /** Which no operation is about: shared ones, deleted ones that wait to be expired, and reserved ones. */
  readonly others: readonly MailboxRecord[]
  /** Put before the names of further users, so that they are none of these. */
  readonly newPrefix: string
  /** Numbers from here on are in none of their names. */
  readonly freeOrdinal: number
  private readonly inboxes: readonly string[]
  private readonly mailboxes: ReadonlyMap<string, readonly MailboxRecord[]>

  constructor(all: readonly MailboxRecord[]) {
    const others: MailboxRecord[] = []
    const mailboxes = new Map<string, MailboxRecord[]>()
    for (const record of all) {
      const owner = record.state === 'active' ? ownerOf(record.name) : ''
      if (owner === '') others.push(record)
      else if (mailboxes.has(owner)) mailboxes.get(owner)!.push(record)
      else mailboxes.set(owner, [record])
    }
    this.all = all
    this.others = others
    this.mailboxes = mailboxes
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
    if (inbox === undefined) return undefined
    const local = inbox.indexOf('!') + 1
    return { name: inbox.slice(local + USER.length), domain: inbox.slice(0, Math.max(0, local - 1)) }
  }

  /** @returns undefined from {@link count} on */
  userAt(index: number): User | undefined {
    const name = this.nameAt(index)
    if (name === undefined) return undefined
    return { ...name, index, id: userId(name), mailboxes: this.mailboxes.get(this.inboxes[index]!)! }
  }
}

/** @returns what no user's name, reserved or deleted ones included, begins with */
function freePrefix(all: readonly MailboxRecord[]): string {
  for (let i = 1; ; i++) {
    const prefix = i === 1 ? NEW : `new${i}-`
    if (!all.some(({ name }) => name.includes(`${USER}${prefix}`))) return prefix
  }
}
