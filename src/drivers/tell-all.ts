import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { Client, LIST_SILENCE_MS } from '../session/client.js'

/** Commands under way at a time. */
const WINDOW = 1000

export interface Told {
  readonly refused: number
  /** The first that was refused, and how. */
  readonly refusal: string | undefined
}

/**
 * Tells a master of all mailboxes, by ACTIVATE (RESERVE for a reserved one) on one connection, as a run of
 * `ctl_mboxlist -m` does that finds the master empty.
 *
 * @throws {HarnessError} when the connection is not made, or is lost
 */
export async function tellAll(
  address: MasterAddress,
  credentials: Credentials,
  clock: Clock,
  batches: AsyncIterable<readonly MailboxRecord[]>,
): Promise<Told> {
  const client = await Client.connect({ address, credentials, clock, silenceMs: LIST_SILENCE_MS })
  try {
    let refused = 0
    let refusal: string | undefined
    for await (const records of batches)
      for (let from = 0; from < records.length; from += WINDOW) {
        const window = records.slice(from, from + WINDOW)
        for (const [i, text] of await refusalsOf(client, window)) {
          refused++
          refusal ??= `${window[i]!.name}: ${text}`
        }
      }
    return { refused, refusal }
  } finally {
    await client.logout()
  }
}

/** @returns those that were refused, by their place, and how */
function refusalsOf(client: Client, records: readonly MailboxRecord[]): Promise<[number, string][]> {
  return new Promise((resolve, reject) => {
    const refusals: [number, string][] = []
    let answered = 0
    client.activateAll(records, {
      onDone: (status, text) => {
        if (status !== 'OK') refusals.push([answered, text])
        if (++answered === records.length) resolve(refusals)
      },
      onLost: reject,
    })
  })
}
