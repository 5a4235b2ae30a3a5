import type { Credentials, MasterAddress } from '../core/address.js'
import type { Frame } from '../wire/frame.js'
import type { Clock } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { serverOf } from '../generators/site-plan.js'
import { Client } from '../session/client.js'

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

/**
 * How many entries a master's LIST has of each server, active and reserved. Holds the master's lock for as long as a dump
 * takes: for masters of our own only.
 */
export async function countByServer(
  address: MasterAddress,
  credentials: Credentials,
  clock: Clock,
): Promise<Map<string, number>> {
  const client = await Client.connect({ address, credentials, clock })
  const counts = new Map<string, number>()
  await new Promise<void>((resolve, reject) => {
    const onRecord = (frame: Frame) => {
      // Of MAILBOX and RESERVE alike: tag, word, name, location.
      const server = serverOf(frame.text(3))
      counts.set(server, (counts.get(server) ?? 0) + 1)
    }
    client.send({ kind: 'LIST' }, { onRecord, onDone: () => resolve(), onLost: reject })
  })
  await client.logout()
  return counts
}

/** How many entries a LIST has, likewise. */
export async function countMailboxes(address: MasterAddress, credentials: Credentials, clock: Clock): Promise<number> {
  const counts = await countByServer(address, credentials, clock)
  return [...counts.values()].reduce((sum, mailboxes) => sum + mailboxes, 0)
}
