import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { Client, LIST_SILENCE_MS } from '../session/client.js'
import { REPLY } from '../wire/reply.js'

const BATCH = 10_000

/**
 * All that a master's LIST has, as its frontends are told it. Holds the master's lock meanwhile: for masters of our own
 * only.
 *
 * @param take of some of them; no more are read until it is done
 * @returns how many they are
 * @throws {HarnessError} when the connection is not made, or is lost
 */
export async function listAll(
  address: MasterAddress,
  credentials: Credentials,
  clock: Clock,
  take: (records: readonly MailboxRecord[]) => Promise<void>,
): Promise<number> {
  const client = await Client.connect({ address, credentials, clock, silenceMs: LIST_SILENCE_MS })
  let count = 0
  let batch: MailboxRecord[] = []
  let taken = Promise.resolve()
  const handOn = () => {
    const records = batch
    batch = []
    client.pause()
    taken = taken.then(() => take(records)).finally(() => client.resume())
    // Told when all have been read.
    taken.catch(() => {})
  }
  try {
    await new Promise<void>((resolve, reject) => {
      client.send(
        { kind: 'LIST' },
        {
          onRecord: (frame, code) => {
            count++
            const [name, location] = [frame.text(2), frame.text(3)]
            if (code === REPLY.reserve) batch.push({ name, location, acl: '', state: 'reserved' })
            else batch.push({ name, location, acl: frame.text(4), state: 'active' })
            if (batch.length === BATCH) handOn()
          },
          onDone: () => resolve(),
          onLost: reject,
        },
      )
    })
    handOn()
    await taken
    return count
  } finally {
    await client.logout()
  }
}
