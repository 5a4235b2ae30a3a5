import type { Clock } from '../../core/clock.js'
import type { MailboxRecord } from '../../core/mailbox.js'
import type { Command } from '../../core/operation.js'
import type { Client } from '../../session/client.js'
import { responseUs, restedResponseUs } from './connections.js'
import { beyond } from './cost-of.js'

/** Answers to so many fill no buffer of the master's, 4,096 bytes: a second one would wait for an acknowledgement (Nagle). */
const NOOPS = 150
/** Commands and answers of so many fit into one of them too, at usual lengths of names. */
export const BATCH = 16

/** µs for one command each; `noopResponse` is the way there and back with a NOOP. */
export interface CommandSamples {
  readonly noopResponse: number[]
  readonly noop: number[]
  readonly find: number[]
  readonly reserve: number[]
  readonly activate: number[]
  readonly remove: number[]
}

/**
 * What single commands cost. A batch goes out in one write and is read in one; one worker carries it out from end to end
 * and flushes once (imap/mupdate.c docmd, `nextcmd`). So a batch takes what one NOOP takes (loopback, the listener's
 * round, our own work) and beside that the commands alone: (batch - NOOP) / commands. Of the NOOP itself the same, with
 * batches of NOOPs. Connections rest before each: whether a worker is still awake would else decide over 25 µs.
 *
 * What one command costs apart from others is more: caches are cold by then. The spread is that of batches.
 */
export async function measureCommands(
  clock: Clock,
  client: Client,
  fresh: Iterator<MailboxRecord>,
  rounds: number,
): Promise<CommandSamples> {
  const response = { noop: [] as number[], noops: [] as number[] }
  const batches = { find: [] as number[], reserve: [] as number[], activate: [] as number[], remove: [] as number[] }
  for (let i = 0; i < rounds; i++) {
    const records = take(fresh, BATCH)
    const each = (command: (record: MailboxRecord) => Command) =>
      restedResponseUs(clock, client, ...records.map(command))
    response.noop.push(await restedResponseUs(clock, client, NOOP))
    response.noops.push(await restedResponseUs(clock, client, ...Array<Command>(NOOPS).fill(NOOP)))
    batches.reserve.push(await each(({ name, location }) => ({ kind: 'RESERVE', name, location })))
    batches.activate.push(await each(({ name, location, acl }) => ({ kind: 'ACTIVATE', name, location, acl })))
    batches.find.push(await each(({ name }) => ({ kind: 'FIND', name })))
    batches.remove.push(await each(({ name }) => ({ kind: 'DELETE', name })))
  }
  return {
    noopResponse: response.noop,
    noop: beyond(response.noops, response.noop, NOOPS - 1),
    find: beyond(batches.find, response.noop, BATCH),
    reserve: beyond(batches.reserve, response.noop, BATCH),
    activate: beyond(batches.activate, response.noop, BATCH),
    remove: beyond(batches.remove, response.noop, BATCH),
  }
}

export const NOOP: Command = { kind: 'NOOP' }

/** The next of those that the calibration may use; there are always more. */
export function take<T>(source: Iterator<T>, count: number): T[] {
  return Array.from({ length: count }, () => source.next().value as T)
}

/** So many commands under way, one write each: enough that the master never waits for us. */
const FILL = 200

/** @returns when all are there. @throws {HarnessError} `MASTER_REFUSED`, `MASTER_LOST` */
export async function activateAll(clock: Clock, client: Client, records: readonly MailboxRecord[]): Promise<void> {
  for (let i = 0; i < records.length; i += FILL) {
    await responseUs(clock, client, ...records.slice(i, i + FILL).map(activation))
  }
}

export function activation({ name, location, acl }: MailboxRecord): Command {
  return { kind: 'ACTIVATE', name, location, acl }
}
