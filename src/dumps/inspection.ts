import type { DumpEntry } from './dump-entry.js'
import { isDeletedTree } from '../core/mailbox-owner.js'
import { Findings, Spread } from './spread.js'

/** Longer ones cannot be created (imap/mailbox.h MAX_MAILBOX_NAME), nor the partition's (MAX_PARTITION_LEN). */
const MOST_NAME_BYTES = 490
const MOST_PARTITION_BYTES = 64

/** What a name holds that is not expected of one. */
const ODDITIES: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a control character', /[\x00-\x1f\x7f]/],
  ['a byte above 7 bits: names are modified UTF-7', /[\x80-\xff]/],
  ['an empty component', /(^|[.!])\.|\.\.|\.$|^$/],
  ['a wildcard', /[*%]/],
  ['a quote or a backslash', /["\\]/],
  ['a blank at an end of a component', /(^|[.!]) | ($|\.)/],
  ['two domains', /!.*!/],
]

interface Server {
  mailboxes: number
  readonly partitions: Map<string, number>
}

/** What can be said of a dump in one pass, in memory that does not grow with it. */
export class Inspection {
  readonly states: Record<DumpEntry['state'], number> = { active: 0, reserved: 0, moving: 0, deleted: 0 }
  /** Empty name: of the host whose dump it is. Tombstones are left out. */
  readonly servers = new Map<string, Server>()
  readonly nameBytes = new Spread()
  readonly aclBytes = new Spread()
  readonly identifiers = new Spread()
  deletedTrees = 0
  readonly overlong = new Findings()
  readonly longPartitions = new Findings()
  readonly withoutPartition = new Findings()
  readonly odd = new Map<string, Findings>()

  add({ name, state, server, partition, acl }: DumpEntry): void {
    this.states[state]++
    if (state === 'deleted') return
    this.place(server, partition)
    this.nameBytes.add(name.length)
    this.aclBytes.add(acl.length)
    this.identifiers.add(countOf(acl, '\t') / 2)
    if (isDeletedTree(name)) this.deletedTrees++
    if (name.length > MOST_NAME_BYTES) this.overlong.add(name)
    if (partition.length > MOST_PARTITION_BYTES) this.longPartitions.add(name)
    if (server !== '' && partition === '') this.withoutPartition.add(name)
    for (const [what, pattern] of ODDITIES) if (pattern.test(name)) this.oddity(what).add(name)
  }

  private place(name: string, partition: string): void {
    const server = this.servers.get(name) ?? { mailboxes: 0, partitions: new Map<string, number>() }
    this.servers.set(name, server)
    server.mailboxes++
    server.partitions.set(partition, (server.partitions.get(partition) ?? 0) + 1)
  }

  private oddity(what: string): Findings {
    const found = this.odd.get(what) ?? new Findings()
    this.odd.set(what, found)
    return found
  }
}

function countOf(text: string, character: string): number {
  let count = 0
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) count++
  return count
}

/** What can be said of names that come sorted by their owner, then by themselves. */
export class SortedNames {
  users = 0
  shared = 0
  readonly perUser = new Spread()
  /** Who has the most mailboxes. */
  most = { owner: '', mailboxes: 0 }
  /** Each once, however often it is there. */
  readonly duplicates = new Findings()
  private owner = ''
  private ownMailboxes = 0
  private before: string | undefined
  private isRepeated = false

  add(owner: string, name: string): void {
    if (name === this.before) {
      if (!this.isRepeated) this.duplicates.add(name)
      this.isRepeated = true
    } else this.isRepeated = false
    this.before = name
    if (owner === '') {
      this.shared++
      return
    }
    if (owner !== this.owner) this.endOwner()
    this.owner = owner
    this.ownMailboxes++
  }

  end(): void {
    this.endOwner()
  }

  private endOwner(): void {
    const { owner, ownMailboxes } = this
    if (owner === '') return
    this.users++
    this.perUser.add(ownMailboxes)
    if (ownMailboxes > this.most.mailboxes) this.most = { owner, mailboxes: ownMailboxes }
    this.ownMailboxes = 0
  }
}

/**
 * What can be said of names that come as the database orders them: those that come after one that strcmp has after them.
 * Where a mailbox near one goes while a real slave is away, the slave may lose it, since it merges what comes in the one
 * order by the other (imap/mupdate.c mupdate_synchronize).
 */
export class OrderedNames {
  readonly atRisk = new Findings()
  /** Virtual ones, each of which comes in one piece. */
  domains = 0
  private highest = ''
  private domain = ''

  add(name: string): void {
    if (name < this.highest) this.atRisk.add(name)
    else this.highest = name
    const domain = name.slice(0, Math.max(0, name.indexOf('!')))
    if (domain !== '' && domain !== this.domain) this.domains++
    this.domain = domain
  }
}
