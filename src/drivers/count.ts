import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { Client } from '../session/client.js'

/**
 * How many entries a master's LIST has, active and reserved. Holds the master's lock for as long as a dump takes: for
 * masters of our own only.
 */
export async function countMailboxes(address: MasterAddress, credentials: Credentials, clock: Clock): Promise<number> {
  const client = await Client.connect({ address, credentials, clock })
  let count = 0
  await new Promise<void>((resolve, reject) => {
    const onRecord = () => {
      count++
    }
    client.send({ kind: 'LIST' }, { onRecord, onDone: () => resolve(), onLost: reject })
  })
  await client.logout()
  return count
}
