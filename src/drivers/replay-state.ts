import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { Client, LIST_SILENCE_MS } from '../session/client.js'
import type { KnownMailboxes } from '../traces/known-mailboxes.js'
import { activateAll } from './calibration/commands.js'
import { responseUs } from './calibration/connections.js'

const AT_ONCE = 5000

/**
 * Puts on a master what some traces expect there, and notes it.
 *
 * @param mayGoOn asked now and then, with how many are there
 * @returns how many are there
 * @throws {HarnessError} `MASTER_REFUSED`, `MASTER_LOST` and those of a connect
 */
export async function putState(
  address: MasterAddress,
  credentials: Credentials,
  clock: Clock,
  mailboxes: Iterable<MailboxRecord>,
  known: KnownMailboxes,
  mayGoOn: (done: number) => boolean,
): Promise<number> {
  const client = await Client.connect({ address, credentials, clock, silenceMs: LIST_SILENCE_MS })
  let done = 0
  let batch: MailboxRecord[] = []
  const flush = async () => {
    await activateAll(
      clock,
      client,
      batch.filter(({ state }) => state === 'active'),
    )
    for (const { name, location, state } of batch)
      if (state === 'reserved') await responseUs(clock, client, { kind: 'RESERVE', name, location })
    for (const record of batch) known.add(record)
    done += batch.length
    batch = []
  }
  try {
    for (const record of mailboxes) {
      batch.push(record)
      if (batch.length < AT_ONCE) continue
      await flush()
      if (!mayGoOn(done)) return done
    }
    await flush()
    return done
  } finally {
    await client.logout()
  }
}
