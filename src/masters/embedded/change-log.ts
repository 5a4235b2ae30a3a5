import { copyBytes, type Span } from './span.js'

const SEGMENT_ENTRIES = 2048
const SEGMENT_BYTES = 64 * 1024

/** The server ids of an entry while nobody asks for particular servers. */
export const NO_SERVER = -1

interface Segment {
  readonly first: number
  count: number
  readonly bytes: Uint8Array
  /** Where entry `i` ends; it begins where the one before it ends. */
  readonly ends: Uint32Array
  /** Two a entry: the server before the change and after it. */
  readonly servers: Int32Array
}

/**
 * Names of changed mailboxes, in order, once for all slaves: a slave holds only the number of the first entry that it
 * has not been sent. Names and no contents, since what is sent is the state when it is sent (imap/mupdate.c
 * sendupdates); and twice when changed twice (measured).
 */
export class ChangeLog {
  private segments: Segment[] = []
  private endSequence = 0
  private retained = 0

  /** The number that the next entry will have. */
  get end(): number {
    return this.endSequence
  }

  /** The oldest entry that is still there. */
  get start(): number {
    return this.segments.length === 0 ? this.endSequence : this.segments[0].first
  }

  get retainedBytes(): number {
    return this.retained
  }

  /** @returns whether a new segment was begun: the time to {@link trim} */
  append(name: Span, oldServer = NO_SERVER, newServer = NO_SERVER): boolean {
    const length = name.end - name.start
    let segment = this.segments[this.segments.length - 1]
    let begun = false
    if (segment === undefined || segment.count === SEGMENT_ENTRIES || used(segment) + length > segment.bytes.length) {
      segment = this.addSegment(length)
      begun = true
    }
    segment.servers[segment.count * 2] = oldServer
    segment.servers[segment.count * 2 + 1] = newServer
    segment.ends[segment.count] = copyBytes(name.bytes, name.start, name.end, segment.bytes, used(segment))
    segment.count++
    this.endSequence++
    return begun
  }

  /** For when nobody listens: counts, keeps nothing. */
  clear(): void {
    this.segments = []
    this.retained = 0
  }

  /** Calls `visit` for the entries from `from` up to, not including, `to`. */
  read(from: number, to: number, visit: (name: Span, oldServer: number, newServer: number) => void): void {
    let position = this.segmentOf(from)
    let sequence = from
    while (sequence < to) {
      const segment = this.segments[position++]
      const last = Math.min(to, segment.first + segment.count)
      for (; sequence < last; sequence++) {
        const i = sequence - segment.first
        const name = { bytes: segment.bytes, start: i === 0 ? 0 : segment.ends[i - 1], end: segment.ends[i] }
        visit(name, segment.servers[i * 2], segment.servers[i * 2 + 1])
      }
    }
  }

  /** Forgets segments that lie wholly before `sequence`, the slowest reader's cursor. */
  trim(sequence: number): void {
    let forgotten = 0
    while (forgotten < this.segments.length) {
      const segment = this.segments[forgotten]
      if (segment.first + segment.count > sequence) break
      this.retained -= segmentBytes(segment)
      forgotten++
    }
    if (forgotten > 0) this.segments.splice(0, forgotten)
  }

  private segmentOf(sequence: number): number {
    let low = 0
    let high = this.segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.segments[middle].first <= sequence) low = middle
      else high = middle - 1
    }
    return low
  }

  private addSegment(nameLength: number): Segment {
    const segment: Segment = {
      first: this.endSequence,
      count: 0,
      bytes: new Uint8Array(Math.max(SEGMENT_BYTES, nameLength)),
      ends: new Uint32Array(SEGMENT_ENTRIES),
      servers: new Int32Array(SEGMENT_ENTRIES * 2),
    }
    this.segments.push(segment)
    this.retained += segmentBytes(segment)
    return segment
  }
}

function used(segment: Segment): number {
  return segment.count === 0 ? 0 : segment.ends[segment.count - 1]
}

function segmentBytes(segment: Segment): number {
  return segment.bytes.length + segment.ends.byteLength + segment.servers.byteLength
}
