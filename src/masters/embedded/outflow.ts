import { prefixesFor } from './byte-writer.js'
import type { Core } from './core.js'
import { serverOf } from './records.js'
import { keep, type Span, spanText } from './span.js'
import type { ServerFilter } from './update-batches.js'

/** A long answer, made piece by piece as the peer reads it. */
export interface Outflow {
  /** Whether pieces lie in the core's one chunk buffer, which must be given away when a socket keeps it. */
  readonly usesChunk: boolean
  /** @returns the next piece, possibly empty; undefined at the end */
  next(): Uint8Array | undefined
}

/** A list on its way. */
export interface Dump extends Outflow {
  /** Records that have been looked at, and those of them that were wanted. */
  readonly walked: number
  readonly sent: number
}

/** Records may be looked at and not sent: after so many, others get their turn. */
const VISITS_PER_PIECE = 4096

/** Whether a record belongs to a dump, by its location. */
export type DumpFilter = (location: Span) => boolean

/**
 * The list, in order. Changes do not wait for it: it walks by name, so what changes behind it is for the change log
 * (a streaming connection's cursor stands where its dump began), and what changes ahead of it is dumped as it is then.
 */
export function dump(core: Core, tag: string, wanted: DumpFilter | undefined): Dump {
  const prefixes = prefixesFor(tag)
  const { catalogue } = core
  const { records } = catalogue
  let after: Span | undefined
  let ended = false
  let walked = 0
  let sent = 0
  return {
    usesChunk: true,
    get walked() {
      return walked
    },
    get sent() {
      return sent
    },
    next() {
      if (ended) return undefined
      const writer = core.chunkWriter
      let visits = 0
      let last = -1
      ended = catalogue.walk(after, address => {
        if (visits++ >= VISITS_PER_PIECE) return false
        if (wanted === undefined || wanted(records.location(address))) {
          const byteCount = prefixes.mailbox.length + records.wireLength(address)
          if (byteCount > writer.room && writer.length > 0) return false
          writer.record(prefixes, records, address)
          sent++
        }
        walked++
        last = address
        return true
      })
      if (last >= 0) after = keep(records.name(last))
      return writer.view()
    },
  }
}

/**
 * Pending changes; the cursor moves as they are sent.
 *
 * @param target the first that is not to be sent: where the log ends now, unless given
 */
export function pendingUpdates(
  core: Core,
  stream: { readonly tag: string; readonly filter: ServerFilter | undefined; cursor: number },
  target = core.log.end,
): Outflow {
  return {
    usesChunk: false,
    next() {
      if (stream.cursor >= target) return undefined
      const { bytes, cursor } = core.batches.next(stream.tag, stream.cursor, stream.filter, target)
      stream.cursor = cursor
      return bytes
    },
  }
}

/** LIST's argument is a prefix of the location (imap/mupdate.c sendupdate). */
export function byLocationPrefix(prefix: string): DumpFilter {
  const bytes = Buffer.from(prefix, 'latin1')
  return location => {
    if (location.end - location.start < bytes.length) return false
    for (let i = 0; i < bytes.length; i++) if (location.bytes[location.start + i] !== bytes[i]) return false
    return true
  }
}

export function byServer(servers: ReadonlySet<string>): DumpFilter {
  return location => servers.has(spanText(serverOf(location)))
}
