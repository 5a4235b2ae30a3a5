import { readDump } from '../dumps/read-dump.js'

/** What a dump of `ctl_mboxlist -d` holds, counted. */
export interface DumpCount {
  readonly format: 'json' | 'text'
  /** Mailboxes that a master would tell its slaves of. */
  readonly mailboxes: number
  /** Of deleted mailboxes, which nobody is told of. */
  readonly tombstones: number
  /** Names of servers and how many mailboxes each has; empty where the dump has none (a backend's). */
  readonly servers: ReadonlyMap<string, number>
  /** Lines that are no mailbox. */
  readonly unknown: number
}

/** Counts the lines of a dump in any form; names are not kept. @throws {HarnessError} `USAGE` where none is a mailbox */
export async function countDump(chunks: AsyncIterable<Buffer>, path: string): Promise<DumpCount> {
  let [mailboxes, tombstones, unknown] = [0, 0, 0]
  const servers = new Map<string, number>()
  const reading = readDump(chunks, path, () => unknown++, true)
  for (let next = await reading.next(); ; next = await reading.next()) {
    if (next.done === true) {
      const format = next.value.format === '3.6' ? 'json' : 'text'
      return { format, mailboxes, tombstones, servers, unknown }
    }
    for (const { state, server } of next.value) {
      if (state === 'deleted') tombstones++
      else mailboxes++
      if (state !== 'deleted' && server !== '') servers.set(server, (servers.get(server) ?? 0) + 1)
    }
  }
}
