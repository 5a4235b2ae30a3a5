import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { serverOf } from '../generators/site-plan.js'
import { Client } from '../session/client.js'
import { listAll } from './list-all.js'

/**
 * Whether a master holds nothing. One that does makes its whole list all the same, with its lock held: only the first of it
 * is waited for.
 *
 * @throws {HarnessError} when the master is not reached, or does not answer
 */
export async function isEmpty(address: MasterAddress, credentials: Credentials, clock: Clock): Promise<boolean> {
  const client = await Client.connect({ address, credentials, clock })
  const found = await new Promise<boolean>((resolve, reject) => {
    const timer = setTimeout(() => reject(unanswered()), ANSWER_MS)
    const settle = (isEmpty: boolean) => {
      clearTimeout(timer)
      resolve(isEmpty)
    }
    const onLost = (error: HarnessError) => {
      clearTimeout(timer)
      reject(error)
    }
    client.send({ kind: 'LIST' }, { onRecord: () => settle(false), onDone: () => settle(true), onLost })
  }).finally(() => client.destroy())
  return found
}

const ANSWER_MS = 30_000

function unanswered(): HarnessError {
  return new HarnessError('TIMEOUT', 'the master did not answer a LIST', 'see what keeps its lock, or take another')
}

export interface MailboxCount {
  /** Active and reserved. */
  readonly all: number
  readonly byServer: ReadonlyMap<string, number>
}

/** How many entries a master's LIST has. Holds its lock for as long as a dump takes: for masters of our own only. */
export async function countMailboxes(
  address: MasterAddress,
  credentials: Credentials,
  clock: Clock,
): Promise<MailboxCount> {
  const byServer = new Map<string, number>()
  const all = await listAll(address, credentials, clock, async records => {
    for (const { location } of records) {
      const server = serverOf(location)
      byServer.set(server, (byServer.get(server) ?? 0) + 1)
    }
  })
  return { all, byServer }
}
