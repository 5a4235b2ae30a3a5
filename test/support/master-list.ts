import type { MailboxRecord } from '../../src/core/mailbox.js'
import type { Operation } from '../../src/core/operation.js'
import type { Client, Status } from '../../src/session/client.js'
import { decodeReply } from '../../src/wire/reply.js'

/** Puts mailboxes on a master, as a preload does. */
export function fill(client: Client, records: readonly MailboxRecord[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = records.length
    if (left === 0) resolve()
    const onDone = (status: Status, text: string) => {
      if (status !== 'OK') reject(new Error(`${status} ${text}`))
      if (--left === 0) resolve()
    }
    client.activateAll(records, { onDone, onLost: reject })
  })
}

/** Carries out what backends do, command by command, all at once on one connection. */
export async function carryOut(client: Client, operations: readonly Operation[]): Promise<void> {
  const commands = operations.flatMap(operation => operation.commands)
  for (const { status, text } of await Promise.all(commands.map(command => client.request(command))))
    if (status !== 'OK') throw new Error(`${status} ${text}`)
}

/** What LIST gives, in its order. */
export async function listOf(client: Client): Promise<MailboxRecord[]> {
  const list: MailboxRecord[] = []
  await new Promise<void>((resolve, reject) => {
    client.send(
      { kind: 'LIST' },
      {
        onRecord: frame => {
          const reply = decodeReply(frame)
          if (reply.kind === 'mailbox')
            list.push({ name: reply.name, location: reply.location, acl: reply.acl, state: 'active' })
          if (reply.kind === 'reserve')
            list.push({ name: reply.name, location: reply.location, acl: '', state: 'reserved' })
        },
        onDone: (status, text) => (status === 'OK' ? resolve() : reject(new Error(`${status} ${text}`))),
        onLost: reject,
      },
    )
  })
  return list
}
