import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { Client, LIST_SILENCE_MS } from '../session/client.js'

export interface CleanupResult {
  readonly checked: number
  readonly deleted: number
}

/** In the name of every mailbox that a run makes on a master that outlives it. */
export function markerOf(runId: string): string {
  return `mupdbench-${runId}-`
}

/** FINDs under way at once: enough to keep a master busy, few enough that nobody notices. */
const WINDOW = 32

/**
 * Removes those of `names` that a master still holds: a FIND before each DELETE, since a DELETE of an unknown name kills
 * real masters, and never a LIST, which would hold the master's lock.
 *
 * @throws {HarnessError} when the master is not reached or refuses
 */
export async function cleanUp(
  address: MasterAddress,
  credentials: Credentials,
  clock: Clock,
  names: Iterable<string>,
  onProgress: (result: CleanupResult) => void,
): Promise<CleanupResult> {
  const client = await Client.connect({ address, credentials, clock, silenceMs: LIST_SILENCE_MS })
  const progress = { checked: 0, deleted: 0 }
  try {
    let batch: string[] = []
    const flush = async () => {
      const found = await Promise.all(batch.map(name => isThere(client, name)))
      progress.checked += batch.length
      for (const [i, name] of batch.entries()) {
        if (!found[i]) continue
        const { status } = await client.request({ kind: 'DELETE', name })
        if (status === 'OK') progress.deleted++
      }
      batch = []
      onProgress(progress)
    }
    for (const name of names) {
      batch.push(name)
      if (batch.length >= WINDOW) await flush()
    }
    await flush()
    return progress
  } finally {
    await client.logout()
  }
}

/**
 * @returns those of `names` that the master holds
 * @throws {HarnessError} when it is not reached
 */
export async function present(
  address: MasterAddress,
  credentials: Credentials,
  clock: Clock,
  names: readonly string[],
): Promise<string[]> {
  const client = await Client.connect({ address, credentials, clock, silenceMs: LIST_SILENCE_MS })
  const there: string[] = []
  try {
    for (let i = 0; i < names.length; i += WINDOW) {
      const batch = names.slice(i, i + WINDOW)
      const found = await Promise.all(batch.map(name => isThere(client, name)))
      there.push(...batch.filter((_, k) => found[k]))
    }
    return there
  } finally {
    await client.logout()
  }
}

function isThere(client: Client, name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let found = false
    client.send(
      { kind: 'FIND', name },
      {
        onRecord: () => {
          found = true
        },
        onDone: () => resolve(found),
        onLost: reject,
      },
    )
  })
}
