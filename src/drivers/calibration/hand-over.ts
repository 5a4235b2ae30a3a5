import type { MailboxRecord } from '../../core/mailbox.js'
import type { Client } from '../../session/client.js'
import { type Connections, expectOk, rest } from './connections.js'

/** A chain of so many; each is a waiter for the lock, with a worker of its own. */
const WAITERS = 16
/** How long the list's command is given to reach the lock. */
const HEAD_START_MS = 2

/**
 * From the lock's release until the next waiter holds it. While a list holds the lock, FINDs of 16 connections queue for
 * it; then each is answered one hand-over and one look-up after the other. From the first answer to the last, by 15, less
 * the cost of a FIND, is one sample: we may read some of them together, so that single differences say little. The list is not read meanwhile: the master has its core, and we have ours for the clock.
 *
 * @param findUs median cost of a FIND
 * @returns µs
 */
export async function measureHandOver(
  connections: Connections,
  records: readonly MailboxRecord[],
  findUs: number,
  rounds: number,
): Promise<number[]> {
  const finders = await connections.connectMany(WAITERS)
  const samples: number[] = []
  for (let i = 0; i < rounds; i++) {
    const holder = await connections.connect()
    holder.pause()
    holder.send({ kind: 'LIST' }, { onDone() {}, onLost() {} })
    await rest(HEAD_START_MS)
    const name = (finder: number) => records[(i * WAITERS + finder) % records.length]!.name
    const answeredNs = await Promise.all(finders.map((client, finder) => answerNs(client, name(finder))))
    samples.push((Math.max(...answeredNs) - Math.min(...answeredNs)) / 1e3 / (WAITERS - 1) - findUs)
    connections.close(holder)
    await rest()
  }
  connections.close(...finders)
  return samples
}

function answerNs(client: Client, name: string): Promise<number> {
  return new Promise((resolve, reject) =>
    client.send(
      { kind: 'FIND', name },
      expectOk(reject, 'FIND', () => resolve(client.heardNs)),
    ),
  )
}
