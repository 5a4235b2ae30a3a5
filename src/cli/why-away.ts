import type { Clock } from '../core/clock.js'
import { messageOf } from '../core/errors.js'
import { ANSWER_MS } from '../engine/plan.js'
import type { Master } from '../masters/master.js'
import { Client } from '../session/client.js'

/** @returns why nobody can log in to a master any more; undefined where it is there */
export async function whyAway({ address, credentials }: Master, clock: Clock): Promise<string | undefined> {
  try {
    const client = await Client.connect({ address, credentials, clock, timeoutMs: ANSWER_MS })
    await client.logout()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
