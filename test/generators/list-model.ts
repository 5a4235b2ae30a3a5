import type { MailboxRecord } from '../../src/core/mailbox.js'
import type { Operation } from '../../src/core/operation.js'

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
      if (kind === 'RESERVE') {
        if (this.list.has(name)) throw new Error(`RESERVE of an existing ${name}`)
        this.list.set(name, { name, location: command.location, acl: '', state: 'reserved' })
      } else if (!this.list.has(name)) throw new Error(`${kind} of an unknown ${name}`)
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

export function byName(records: Iterable<MailboxRecord>): MailboxRecord[] {
  return [...records].sort((a, b) => (a.name < b.name ? -1 : 1))
}
