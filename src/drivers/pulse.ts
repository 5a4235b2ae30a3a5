import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../core/clock.js'
import type { Command } from '../core/operation.js'
import type { Client } from '../session/client.js'

export interface Pulse {
  /** Each, from its send to the bytes of its reply. */
  readonly noopNs: readonly number[]
  readonly findNs: readonly number[]
  /** The last of them was given up: that is a lower bound. */
  readonly unanswered?: 'NOOP' | 'FIND'
}

export interface PulseOptions {
  readonly clock: Clock
  readonly noops: number
  readonly gapMs: number
  /** One after so many NOOPs. */
  readonly findEvery: number
  /** That no mailbox has. */
  readonly name: string
  /** For all of it. */
  readonly limitMs: number
}

/**
 * NOOPs, one after the other, so slowly that nobody notices; and now and then a FIND, which takes the master's lock for
 * one look (imap/mupdate.c cmd_find), so that it waits for whoever has it.
 *
 * @throws {HarnessError} when the connection is lost
 */
export async function takePulse(client: Client, options: PulseOptions): Promise<Pulse> {
  const { clock, noops, gapMs, findEvery, name, limitMs } = options
  const lastNs = clock.nowNs() + limitMs * 1e6
  const times: Record<'NOOP' | 'FIND', number[]> = { NOOP: [], FIND: [] }
  const ask = async (command: Command & { readonly kind: 'NOOP' | 'FIND' }) => {
    const [ns, isAnswered] = await timed(client, clock, command, lastNs)
    times[command.kind].push(ns)
    return isAnswered
  }
  const pulse = (): Pulse => ({ noopNs: times.NOOP, findNs: times.FIND })
  for (let i = 0; i < noops && clock.nowNs() < lastNs; i++) {
    if (!(await ask({ kind: 'NOOP' }))) return { ...pulse(), unanswered: 'NOOP' }
    if (i % findEvery === 0 && !(await ask({ kind: 'FIND', name }))) return { ...pulse(), unanswered: 'FIND' }
    await sleep(gapMs)
  }
  return pulse()
}

/** @returns how long it took, and false where it was given up then */
function timed(
  client: Client,
  clock: Clock,
  command: Command,
  lastNs: number,
): Promise<[ns: number, answered: boolean]> {
  return new Promise((resolve, reject) => {
    const sentNs = clock.nowNs()
    const timer = setTimeout(() => resolve([clock.nowNs() - sentNs, false]), Math.max(1, (lastNs - sentNs) / 1e6))
    client.send(command, {
      onDone: () => {
        clearTimeout(timer)
        resolve([client.heardNs - sentNs, true])
      },
      onLost: error => {
        clearTimeout(timer)
        reject(error)
      },
    })
  })
}
