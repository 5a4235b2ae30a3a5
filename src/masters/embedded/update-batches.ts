import { ByteWriter, type Prefixes, prefixesFor } from './byte-writer.js'
import { ABSENT, type Catalogue } from './catalogue.js'
import type { ChangeLog } from './change-log.js'
import type { Faults } from './settings.js'
import { type Span, spanText } from './span.js'

/** Entries of a batch: about 50 kB of records. */
const BATCH_ENTRIES = 512
/** A batch ends after so many, however few entries they are: of one large ACL, a thousand changes can be kept in no memory. */
const BATCH_BYTES = 256 * 1024
/** Batches kept at once, so that one slave far behind does not make us keep all it missed as bytes. */
const SHARED_BATCHES = 64

interface Batch {
  readonly from: number
  /** The first entry that is not in it. */
  readonly to: number
  readonly bytes: Uint8Array
  /** Where each entry's record begins, so that a slave that stands further on gets the rest of the same bytes. */
  readonly offsets: Uint32Array
}

/** The servers of a PARTIAL-UPDATE, as the ids under which changes are logged. */
export type ServerFilter = ReadonlySet<number>

/**
 * Changes as bytes for slaves. A batch is made once for all that ask for it with the same tag (Cyrus's slaves all say
 * `U01`) while nothing changes; each gets a view of the same memory.
 */
export class UpdateBatches {
  private readonly shared = new Map<string, Batch>()
  private sharedEnd = 0
  private readonly writer = new ByteWriter(new Uint8Array(64 * 1024))

  constructor(
    private readonly catalogue: Catalogue,
    private readonly log: ChangeLog,
    private readonly faults?: Faults,
  ) {}

  /**
   * @param from a slave's cursor, before the log's end
   * @param limit the first that is not wanted
   * @returns records, possibly none for a filtered stream, and the cursor after them
   */
  next(
    tag: string,
    from: number,
    filter: ServerFilter | undefined,
    limit: number,
  ): { bytes: Uint8Array; cursor: number } {
    const boundary = (Math.floor(from / BATCH_ENTRIES) + 1) * BATCH_ENTRIES
    const batchEnd = Math.min(boundary, this.log.end)
    if (filter !== undefined) {
      const { bytes, to } = this.encode(tag, from, Math.min(batchEnd, limit), filter)
      return { bytes, cursor: to }
    }
    if (this.sharedEnd !== this.log.end) {
      this.shared.clear()
      this.sharedEnd = this.log.end
    }
    const key = `${boundary} ${tag}`
    let batch = this.shared.get(key)
    if (batch === undefined || batch.from > from || batch.to <= from) {
      // A second one that wants more of it: make the whole, there will be others.
      const whole = batch !== undefined && batch.from > from
      batch = this.encode(tag, whole ? Math.max(boundary - BATCH_ENTRIES, this.log.start) : from, batchEnd, undefined)
      if (batch.to <= from) batch = this.encode(tag, from, batchEnd, undefined)
      if (this.shared.size >= SHARED_BATCHES) this.shared.clear()
      this.shared.set(key, batch)
    }
    const cursor = Math.min(batch.to, limit)
    const end = cursor < batch.to ? batch.offsets[cursor - batch.from] : undefined
    return { bytes: batch.bytes.subarray(batch.offsets[from - batch.from], end), cursor }
  }

  private encode(tag: string, from: number, to: number, filter: ServerFilter | undefined): Batch {
    const prefixes = prefixesFor(tag)
    const offsets = new Uint32Array(to - from)
    let i = 0
    this.writer.length = 0
    this.log.read(from, to, (name, oldServer, newServer) => {
      if (this.writer.length >= BATCH_BYTES) return
      offsets[i++] = this.writer.length
      if (filter !== undefined && !filter.has(oldServer) && !filter.has(newServer)) return
      if (this.faults === undefined) this.encodeState(prefixes, name)
      else this.encodeBroken(this.faults, prefixes, name, from + i)
    })
    return { from, to: from + i, bytes: this.writer.take(), offsets }
  }

  /** The same for every slave, since a batch may be encoded more than once: by the entry's number. */
  private encodeBroken(faults: Faults, prefixes: Prefixes, name: Span, entry: number): void {
    const text = spanText(name)
    const is = (part: string | undefined) => part !== undefined && text.includes(part)
    const address = this.catalogue.find(name)
    if (faults.dropEvery !== undefined && entry % faults.dropEvery === 0) return
    if (address === ABSENT && is(faults.missDeleteName)) return
    if (address !== ABSENT && (is(faults.staleAclName) || is(faults.swapName))) {
      const { location, acl } = this.catalogue.record(address)
      const wrong = is(faults.staleAclName) ? `stale\tlrs\t` : acl
      const place = is(faults.swapName) ? 'elsewhere!default' : location
      this.writer.text(prefixes.mailbox, text, place, wrong)
      return
    }
    this.encodeState(prefixes, name)
    if (is(faults.repeatName)) this.encodeState(prefixes, name)
  }

  /** As FIND answers, and DELETE for what is not there (imap/mupdate.c cmd_find with send_delete). */
  private encodeState(prefixes: Prefixes, name: Span): void {
    const address = this.catalogue.find(name)
    if (address === ABSENT) this.writer.deletion(prefixes, name)
    else this.writer.record(prefixes, this.catalogue.records, address)
  }
}
