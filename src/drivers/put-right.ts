import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import type { Command } from '../core/operation.js'
import { formatCount } from '../core/units.js'
import { Client } from '../session/client.js'
import { listAll } from './list-all.js'

export interface PutRight {
  /** Mailboxes that were not as they should be, and now are. */
  readonly changed: number
  /** Those that the master would not have so. */
  readonly refused: readonly string[]
}

export interface PutRightOptions {
  readonly address: MasterAddress
  readonly credentials: Credentials
  readonly clock: Clock
  /** What the master should hold. */
  readonly expected: Iterable<MailboxRecord>
  /** Whether a mailbox that should not be there may be deleted. */
  readonly isOurs: (name: string) => boolean
  /** Those that are not there are left so. */
  readonly leaveMissing: boolean
}

/** Commands under way at once. */
const WINDOW = 32

/**
 * Makes a master's list what it should be, by its own LIST: so no DELETE or DEACTIVATE, which would kill a real one, names
 * what is not there.
 *
 * @throws {HarnessError} `USAGE` where it holds mailboxes of others, with nothing sent; when it is not reached, or is lost
 */
export async function putRight(options: PutRightOptions): Promise<PutRight> {
  const commands = await whatDiffers(options)
  const { address, credentials, clock } = options
  const client = await Client.connect({ address, credentials, clock })
  const refused: string[] = []
  try {
    for (let i = 0; i < commands.length; i += WINDOW) {
      const batch = commands.slice(i, i + WINDOW)
      const answers = await Promise.all(batch.map(command => client.request(command)))
      refused.push(...batch.filter((_, k) => answers[k]!.status !== 'OK').map(({ name }) => name))
    }
  } finally {
    await client.logout()
  }
  return { changed: commands.length - refused.length, refused }
}

type NamedCommand = Command & { readonly name: string }

async function whatDiffers({
  address,
  credentials,
  clock,
  expected,
  isOurs,
  leaveMissing,
}: PutRightOptions): Promise<NamedCommand[]> {
  const there = new Map<string, MailboxRecord>()
  await listAll(address, credentials, clock, async records => {
    for (const record of records) there.set(record.name, record)
  })
  const commands: NamedCommand[] = []
  for (const record of expected) {
    const { name } = record
    const found = there.get(name)
    there.delete(name)
    if (found === undefined ? leaveMissing : isSame(found, record)) continue
    commands.push(commandFor(record, found !== undefined))
  }
  const others = [...there.keys()].filter(name => !isOurs(name))
  if (others.length > 0)
    throw new HarnessError(
      'USAGE',
      `${address.host}:${address.port} holds ${formatCount(others.length)} mailboxes that are not of this rehearsal, such as ${others[0]}`,
      'see who has put them there; take them out, or begin anew on an empty master',
    )
  for (const name of there.keys()) commands.push({ kind: 'DELETE', name })
  return commands
}

function isSame(a: MailboxRecord, b: MailboxRecord): boolean {
  return a.state === b.state && a.location === b.location && (a.state === 'reserved' || a.acl === b.acl)
}

function commandFor({ name, location, acl, state }: MailboxRecord, isThere: boolean): NamedCommand {
  if (state === 'active') return { kind: 'ACTIVATE', name, location, acl }
  // A master refuses to reserve what it has.
  return { kind: isThere ? 'DEACTIVATE' : 'RESERVE', name, location }
}
