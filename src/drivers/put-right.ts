import { setTimeout } from 'node:timers/promises'
import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import type { Command } from '../core/operation.js'
import { formatCount } from '../core/units.js'
import { Client, LIST_SILENCE_MS } from '../session/client.js'
import { listAll } from './list-all.js'

export interface PutRight {
  /** Mailboxes that were not as they should be, and now are. */
  readonly changed: number
  /** Those that the master would not have so. */
  readonly refused: readonly string[]
}

interface Reach {
  readonly address: MasterAddress
  readonly credentials: Credentials
  readonly clock: Clock
}

export interface PutRightOptions extends Reach {
  /** What the master should hold. */
  readonly expected: Iterable<MailboxRecord>
  /** Whether a mailbox that should not be there may be deleted. */
  readonly isOurs: (name: string) => boolean
  /** Those that are not there are left so, to be made by a preload; which can reserve only what is not there. */
  readonly leaveMissing: boolean
  /** Called with the names that may come to be there, before anything is sent. */
  readonly onNames: (names: readonly string[]) => void
}

/** Mailboxes that are put right at once. */
const WINDOW = 32
/** Between two lists that have to be the same. */
const STILL_MS = 1000
const MOST_LISTS = 60

/**
 * Makes a master's list what it should be, by its own LIST: so no DELETE or DEACTIVATE, which would kill a real one, names
 * what is not there. What whoever was killed had sent may still wait for the lock: the list is read until it stands still.
 *
 * @throws {HarnessError} `USAGE` where it holds mailboxes of others, or none any more, or changes on, with nothing sent; when it
 * is not reached, or is lost
 */
export async function putRight(options: PutRightOptions): Promise<PutRight> {
  const repairs = whatDiffers(await stillList(options), options)
  const { address, credentials, clock, onNames } = options
  const made = repairs.filter(({ commands }) => commands.some(({ kind }) => kind !== 'DELETE')).map(({ name }) => name)
  if (made.length > 0) onNames(made)
  const client = await Client.connect({ address, credentials, clock, silenceMs: LIST_SILENCE_MS })
  const refused: string[] = []
  try {
    for (let i = 0; i < repairs.length; i += WINDOW) {
      const batch = repairs.slice(i, i + WINDOW)
      const answers = await Promise.all(
        batch.map(({ commands }) => Promise.all(commands.map(command => client.request(command)))),
      )
      refused.push(...batch.filter((_, k) => answers[k]!.at(-1)!.status !== 'OK').map(({ name }) => name))
    }
  } finally {
    await client.logout()
  }
  return { changed: repairs.length - refused.length, refused }
}

type List = Map<string, MailboxRecord>

async function stillList(reach: Reach): Promise<List> {
  let last = await read(reach)
  for (let lists = 1; lists < MOST_LISTS; lists++) {
    await setTimeout(STILL_MS)
    const list = await read(reach)
    if (isSameList(last, list)) return list
    last = list
  }
  const { host, port } = reach.address
  throw new HarnessError(
    'USAGE',
    `the list of ${host}:${port} goes on changing`,
    'see who changes it: ss -tnp on its host',
  )
}

async function read({ address, credentials, clock }: Reach): Promise<List> {
  const list: List = new Map()
  await listAll(address, credentials, clock, async records => {
    for (const record of records) list.set(record.name, record)
  })
  return list
}

function isSameList(a: List, b: List): boolean {
  if (a.size !== b.size) return false
  for (const record of a.values()) {
    const other = b.get(record.name)
    if (other === undefined || !isSame(record, other)) return false
  }
  return true
}

/** What one mailbox needs; commands of one connection are done in their order. */
interface Repair {
  readonly name: string
  readonly commands: readonly Command[]
}

function whatDiffers(there: List, { address, expected, isOurs, leaveMissing }: PutRightOptions): Repair[] {
  const repairs: Repair[] = []
  const all = there.size
  for (const record of expected) {
    const { name } = record
    const found = there.get(name)
    there.delete(name)
    const isToBeMade = leaveMissing && record.state === 'reserved' && found !== undefined
    if (isToBeMade) repairs.push({ name, commands: [{ kind: 'DELETE', name }] })
    if (isToBeMade || (found === undefined ? leaveMissing : isSame(found, record))) continue
    repairs.push({ name, commands: commandsFor(record, found) })
  }
  const where = `${address.host}:${address.port}`
  if (all === 0 && repairs.length > 0)
    throw new HarnessError('USAGE', `${where} holds no mailboxes any more`, 'begin a new one, without --resume')
  const others = [...there.keys()].filter(name => !isOurs(name))
  if (others.length > 0)
    throw new HarnessError(
      'USAGE',
      `${where} holds ${formatCount(others.length)} mailboxes that are not of this rehearsal, such as ${others[0]}`,
      'see who has put them there; take them out, or begin anew on an empty master',
    )
  for (const name of there.keys()) repairs.push({ name, commands: [{ kind: 'DELETE', name }] })
  return repairs
}

function isSame(a: MailboxRecord, b: MailboxRecord): boolean {
  return a.state === b.state && a.location === b.location && (a.state === 'reserved' || a.acl === b.acl)
}

function commandsFor({ name, location, acl, state }: MailboxRecord, found: MailboxRecord | undefined): Command[] {
  const activate: Command = { kind: 'ACTIVATE', name, location, acl }
  if (state === 'active') return [activate]
  // A master refuses to reserve what it has, and to deactivate what is reserved.
  if (found === undefined) return [{ kind: 'RESERVE', name, location }]
  const deactivate: Command = { kind: 'DEACTIVATE', name, location }
  return found.state === 'reserved' ? [activate, deactivate] : [deactivate]
}
