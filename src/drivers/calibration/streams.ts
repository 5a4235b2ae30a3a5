import type { Clock } from '../../core/clock.js'
import type { MailboxRecord } from '../../core/mailbox.js'
import type { Client } from '../../session/client.js'
import { activation, BATCH, NOOP, take } from './commands.js'
import { type Connections, expectOk, responseUs, restedResponseUs } from './connections.js'
import { beyond } from './cost-of.js'

/** Bytes of pending updates that go out with the OK in one segment; a second one waits 40 ms for an acknowledgement (Nagle). */
const ONE_SEGMENT = 3500
/** Tag, MAILBOX, three lengths and line ends of a record on the wire. */
const FRAMING = 40
const MOST_PENDING = 30
/** Each keeps one of the master's workers, of which there are 50 by default. */
export const STREAMS = 20

/** A slave's connection, past its list. */
interface Stream {
  readonly client: Client
  /** Records so far. */
  records: number
}

async function openStream(connections: Connections): Promise<Stream> {
  const stream: Stream = { client: await connections.connect(), records: 0 }
  const sink = { onRecord: () => void stream.records++ }
  await new Promise<void>((resolve, reject) =>
    stream.client.update(undefined, expectOk(reject, 'UPDATE', resolve), sink),
  )
  return stream
}

/**
 * A pending update: with n of them a streaming connection's NOOP is answered, less one of the same connection with none,
 * by n. All n fit into one segment. Samples in which the 5 s timer sent some before are left out.
 *
 * @param records which may be set anew
 */
export async function measurePending(
  connections: Connections,
  backend: Client,
  records: readonly MailboxRecord[],
  rounds: number,
): Promise<number[]> {
  const { clock } = connections
  const chosen = shortEnough(records)
  const stream = await openStream(connections)
  const floor: number[] = []
  const samples: number[] = []
  for (let i = 0; i < rounds; i++) {
    floor.push(await restedResponseUs(clock, stream.client, NOOP))
    for (const record of chosen) await responseUs(clock, backend, activation(record))
    const before = stream.records
    const us = await restedResponseUs(clock, stream.client, NOOP)
    if (stream.records - before === chosen.length) samples.push(us)
  }
  connections.close(stream.client)
  return beyond(samples, floor, chosen.length)
}

/**
 * A kick: what a NOOP costs a stream that has nothing pending more than it costs others (imap/mupdate.c kicks the slave that
 * a master does not have). Of NOOPs one at a time, to connections that have rested: in batches it does not show.
 */
export async function measureKick(
  connections: Connections,
  plainResponse: readonly number[],
  rounds: number,
): Promise<number[]> {
  const { client } = await openStream(connections)
  const samples: number[] = []
  while (samples.length < rounds) samples.push(await restedResponseUs(connections.clock, client, NOOP))
  connections.close(client)
  return beyond(samples, plainResponse)
}

/** The first of them that fit into a segment together. */
export function shortEnough(records: readonly MailboxRecord[]): MailboxRecord[] {
  const chosen: MailboxRecord[] = []
  let bytes = 0
  for (const record of records) {
    const size = FRAMING + record.name.length + record.location.length + record.acl.length
    if (chosen.length === MOST_PENDING) break
    if (bytes + size > ONE_SEGMENT) continue
    bytes += size
    chosen.push(record)
  }
  return chosen
}

/**
 * What a change costs for each that is told of it: batches of ACTIVATE while 20 stream, less those while none does,
 * by 20. Those that stream are emptied by a NOOP before, so that their 5 s timers are not due meanwhile.
 */
export async function measureLogging(
  connections: Connections,
  backend: Client,
  records: Iterator<MailboxRecord>,
  rounds: number,
): Promise<number[]> {
  const { clock } = connections
  const set = take(records, BATCH)
  const before = await batches(clock, backend, set, rounds)
  const streams: Stream[] = []
  while (streams.length < STREAMS) streams.push(await openStream(connections))
  for (const { client } of streams) await responseUs(clock, client, NOOP)
  const during = await batches(clock, backend, set, rounds)
  connections.close(...streams.map(({ client }) => client))
  // Leaving needs the lock.
  await restedResponseUs(clock, backend, NOOP)
  const after = await batches(clock, backend, set, rounds)
  return beyond(during, [...before, ...after], BATCH * STREAMS)
}

async function batches(
  clock: Clock,
  backend: Client,
  set: readonly MailboxRecord[],
  rounds: number,
): Promise<number[]> {
  const samples: number[] = []
  const commands = set.map(activation)
  for (let i = 0; i < rounds; i++) samples.push(await restedResponseUs(clock, backend, ...commands))
  return samples
}
