import type { MailboxRecord } from '../../src/core/mailbox.js'
import type { Operation } from '../../src/core/operation.js'
import type { Listed } from '../../src/generators/lanes.js'

/** A master's list that refuses what kills or surprises a real one. */
export class ListModel {
  readonly list = new Map<string, MailboxRecord>()

  constructor(records: Iterable<MailboxRecord>) {
    for (const record of records) this.list.set(record.name, record)
  }

  apply(operation: Operation): void {
    for (const command of operation.commands) {
      if (command.kind === 'LIST') continue
      if (!('name' in command) || !operation.mailboxes.includes(command.name))
        throw new Error(`unnamed mailbox: ${JSON.stringify(operation)}`)
      const { kind, name } = command
      // A push goes on where it is nowhere, and nowhere else.
      if (kind === 'FIND' && operation.kind === 'push') {
        if (this.list.has(name)) return
        continue
      }
      if (kind === 'RESERVE') {
        if (this.list.has(name)) throw new Error(`RESERVE of an existing ${name}`)
        this.list.set(name, { name, location: command.location, acl: '', state: 'reserved' })
      } else if (!this.list.has(name) && !(kind === 'ACTIVATE' && operation.kind === 'push'))
        throw new Error(`${kind} of an unknown ${name}`)
      else if (kind === 'DEACTIVATE') {
        if (this.list.get(name)!.state !== 'active') throw new Error(`DEACTIVATE of a reserved ${name}`)
        this.list.set(name, { name, location: command.location, acl: '', state: 'reserved' })
      } else if (kind === 'DELETE') this.list.delete(name)
      else if (kind === 'ACTIVATE')
        this.list.set(name, { name, location: command.location, acl: command.acl, state: 'active' })
      else if (kind !== 'FIND') throw new Error(`no backend's operation sends ${kind}`)
    }
  }
}

/** What a step is told of LISTs that a master answers at once. */
export class Listings {
  private readonly lists = new Map<Operation, Map<string, MailboxRecord>>()

  constructor(private readonly master: ListModel) {}

  heard(operation: Operation): void {
    const [first] = operation.commands
    if (first?.kind !== 'LIST') return
    const there = [...this.master.list].filter(([, { location }]) => location.startsWith(first.locationPrefix ?? ''))
    this.lists.set(operation, new Map(there))
  }

  listed(list: Operation, record: MailboxRecord): Listed {
    const there = this.lists.get(list)
    if (there === undefined) return 'unknown'
    const found = there.get(record.name)
    if (found === undefined) return 'absent'
    return found.state === record.state && found.location === record.location && found.acl === record.acl
      ? 'same'
      : 'different'
  }

  nextStale(list: Operation, isOwn: (name: string) => boolean): string | undefined {
    const there = this.lists.get(list)
    const name = [...(there?.keys() ?? [])].find(name => !isOwn(name))
    if (name !== undefined) there!.delete(name)
    return name
  }
}

export function byName(records: Iterable<MailboxRecord>): MailboxRecord[] {
  return [...records].sort((a, b) => (a.name < b.name ? -1 : 1))
}
