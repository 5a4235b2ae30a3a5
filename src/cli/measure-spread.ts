import type { Clock } from '../core/clock.js'
import { activateAll, take } from '../drivers/calibration/commands.js'
import { deviation } from '../statistics/moments.js'
import { median } from '../statistics/quantile.js'
import { mailboxes } from '../generators/mailboxes.js'
import type { Master } from '../masters/master.js'
import type { Profile } from '../profile/load.js'
import { Client } from '../session/client.js'

/** Masters newly started, and lists of each that count; one more before them warms it up. */
const MASTERS = 6
const LISTS = 3

/** What the masters and lists are, in words. */
export const SPREAD_TEXT = `start ${MASTERS} more masters, one after the other, to see how equal they are`

/**
 * How much one master differs from the next, with the same binaries, settings and mailboxes: where its memory came to
 * lie, what else the host did then. Runs differ by that much too, each with a master of its own.
 *
 * @param start a master that nobody uses; it is stopped afterwards
 * @returns standard deviation of a list's time, as a share of it
 */
export async function measureSpread(start: () => Promise<Master>, profile: Profile, clock: Clock): Promise<number> {
  const logs: number[] = []
  for (let i = 0; i < MASTERS; i++) {
    const master = await start()
    try {
      logs.push(Math.log(await listNs(master, profile, clock)))
    } finally {
      await master.stop()
    }
  }
  return Math.round(deviation(logs) * 1e4) / 1e4
}

async function listNs({ address, credentials }: Master, { site, seed }: Profile, clock: Clock): Promise<number> {
  const client = await Client.connect({ address, credentials, clock })
  await activateAll(clock, client, take(mailboxes(site, seed), site.mailboxes))
  const samples: number[] = []
  for (let i = 0; i <= LISTS; i++) {
    const sentNs = clock.nowNs()
    await new Promise<void>((resolve, reject) =>
      client.send({ kind: 'LIST' }, { onRecord: () => {}, onDone: () => resolve(), onLost: reject }),
    )
    samples.push(client.heardNs - sentNs)
  }
  await client.logout()
  return median(samples.slice(1))
}
