import type { Client } from '../../session/client.js'
import { Catalogue } from '../../slaves/catalogue.js'
import { Holding } from '../../slaves/holding.js'
import type { RecordSpan } from '../../wire/record-scanner.js'
import { type Connections, expectOk, responseUs } from './connections.js'

/** In a storm several are queued: what they compete for (two cores, caches) is part of what a list costs then. */
const TOGETHER = 6
/** Lists of one round. */
export const LISTS_PER_ROUND = 1 + TOGETHER

export interface DumpSamples {
  readonly perMailbox: number[]
  readonly tail: number[]
  /** Of the last list. */
  mailboxes: number
}

/**
 * How long UPDATE holds the lock, by who waits for it: while slaves fetch their lists, FINDs of another connection go
 * out one after the other, and one that had to wait is answered when the lock is released. From the UPDATEs' sending to
 * the last such answer, less the answer to a FIND that need not wait, is the hold: of one list, or of six, of which a
 * sixth is one sample. Divided by the mailboxes of the list. Half of the samples are of lists alone, half of lists among
 * six. The slaves digest what they read, as those of a run do.
 *
 * Tail: from the last release until the last list's OK was read. Where it is 40 ms, the end of the list has waited for an
 * acknowledgement (Nagle, and the receiver's delay), as those of real slaves do.
 *
 * @param name a mailbox to look up
 * @param findResponseUs median of the answer to a FIND on an idle connection
 * @param handOverUs median; the tail begins so much before the one that waited could go on
 */
export async function measureDumps(
  connections: Connections,
  name: string,
  findResponseUs: number,
  handOverUs: number,
  rounds: number,
): Promise<DumpSamples> {
  const watcher = await connections.connect()
  const catalogue = new Catalogue()
  const samples: DumpSamples = { perMailbox: [], tail: [], mailboxes: 0 }
  for (let i = 0; i < rounds; i++) {
    // What one holds tells, of a FIND among six, whether it waited.
    let waitUs: number | undefined
    for (const count of [1, TOGETHER]) {
      const slaves = await connections.connectMany(count)
      const { holdUs, tailUs, mailboxes } = await dump(connections, watcher, name, slaves, catalogue, waitUs)
      waitUs ??= holdUs / 2
      samples.perMailbox.push((holdUs - findResponseUs) / count / mailboxes)
      samples.tail.push(tailUs + handOverUs)
      samples.mailboxes = mailboxes
      connections.close(...slaves)
    }
  }
  connections.close(watcher)
  return samples
}

interface Dump {
  /** From the first UPDATE's sending to the last release, as seen. */
  readonly holdUs: number
  readonly tailUs: number
  readonly mailboxes: number
}

async function dump(
  { clock }: Connections,
  watcher: Client,
  name: string,
  slaves: readonly Client[],
  catalogue: Catalogue,
  waitUs: number | undefined,
): Promise<Dump> {
  const sentNs = clock.nowNs()
  let running = slaves.length
  let mailboxes = 0
  let endNs = 0
  const lists = slaves.map(async slave => {
    try {
      mailboxes = await fetchList(slave, catalogue)
      endNs = Math.max(endNs, slave.heardNs)
    } finally {
      running--
    }
  })
  const all = Promise.all(lists)
  // Looked at below; until then the watcher's failure is the one that is told.
  all.catch(() => {})
  let longestUs = 0
  let releasedNs = 0
  while (running > 0) {
    const us = await responseUs(clock, watcher, { kind: 'FIND', name })
    // Of FINDs that waited for a list, the last; those before, between and after lists are as short as any.
    if (us < (waitUs ?? longestUs)) continue
    longestUs = us
    releasedNs = watcher.heardNs
  }
  await all
  return { holdUs: (releasedNs - sentNs) / 1e3, tailUs: Math.max(0, endNs - releasedNs) / 1e3, mailboxes }
}

/** As a slave that is followed reads it. @returns mailboxes of the list */
async function fetchList(slave: Client, catalogue: Catalogue): Promise<number> {
  const list = new Holding(catalogue)
  let cursor = -1
  let mailboxes = 0
  const onRecord = (record: RecordSpan) => {
    const version = catalogue.identify(record, cursor)
    cursor = catalogue.versionName[version]!
    list.set(version)
    mailboxes++
  }
  await new Promise<void>((resolve, reject) =>
    slave.update(undefined, expectOk(reject, 'UPDATE', resolve), { onRecord }),
  )
  return mailboxes
}
