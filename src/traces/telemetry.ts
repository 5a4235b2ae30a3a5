import { HarnessError } from '../core/errors.js'
import { NO_BYTES } from '../wire/ascii.js'
import { latin1 } from '../wire/frame.js'
import { begunMarker, nextMarker, secondOf } from './marker.js'
import { Reading, type TelemetryEvent } from './reading.js'

/** imap/telemetry.c: the user, ctime() with a line end of its own, and another one. */
const HEAD = /^-{10} [^\n]* \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\n\n/
/** Users' names are shorter by far. */
const MOST_HEAD_BYTES = 2048
/** Ways to read it at one time; beyond, the least likely are given up. A name that is nothing but markers makes so many. */
const MOST_READINGS = 64

export interface TelemetryEnd {
  readonly events: readonly TelemetryEvent[]
  /** When something was said last, s since 1970; undefined where nothing was. */
  readonly endS: number | undefined
  /** Its last command has no end, and is left out. */
  readonly isCutOff: boolean
  /** Lines of the client's that are no commands. */
  readonly unread: number
}

/**
 * Reads the log that a master writes of one connection where `log/<user>/` is there (lib/prot.c): before each piece that it
 * has read `<epoch<`, before each that it writes `>epoch>`. A piece ends where its buffer of 4,096 bytes did, in the middle
 * of anything, and a mailbox may be named like a marker.
 */
export class TelemetryReader {
  /** What has come of the head; undefined when it is past. */
  private head: string | undefined = ''
  private unread = 0
  /** Bytes in which a marker may have begun. */
  private held: Uint8Array = NO_BYTES
  /** The most likely first. */
  private readings = [new Reading()]

  constructor(private readonly path: string) {}

  /**
   * @returns what is certain by now
   * @throws {HarnessError} `RESULTS` for what is no such log
   */
  push(chunk: Uint8Array): TelemetryEvent[] {
    const bytes = this.head === undefined ? joined(this.held, chunk) : this.behindHead(this.head, chunk)
    if (bytes !== undefined) this.readUpTo(bytes, begunMarker(bytes, bytes.length))
    return this.certain()
  }

  /** @throws {HarnessError} `RESULTS` for what is no such log */
  end(): TelemetryEnd {
    if (this.head !== undefined) throw this.noLog()
    this.readUpTo(this.held, this.held.length)
    const last = this.readings.find(({ isBetween }) => isBetween) ?? this.readings[0]!
    return { events: last.events, endS: last.second, isCutOff: last.isCutOff, unread: this.unread }
  }

  private behindHead(before: string, chunk: Uint8Array): Uint8Array | undefined {
    const text = before + latin1(chunk, 0, chunk.length)
    const [head] = HEAD.exec(text) ?? []
    if (head === undefined) {
      if (text.length > MOST_HEAD_BYTES || !text.startsWith('----------'.slice(0, text.length))) throw this.noLog()
      this.head = text
      return undefined
    }
    this.head = undefined
    return Buffer.from(text.slice(head.length), 'latin1')
  }

  private readUpTo(bytes: Uint8Array, limit: number): void {
    for (let at = nextMarker(bytes, 0, limit); at >= 0; at = nextMarker(bytes, at + 1, limit)) this.meet(bytes, at)
    for (const reading of this.readings) reading.read(bytes, limit)
    this.sift()
    // A marker that was taken may end behind the next that only looked like one.
    for (const reading of this.readings) reading.at -= limit
    this.held = bytes.subarray(limit)
  }

  /** What looks like a marker. */
  private meet(bytes: Uint8Array, at: number): void {
    const second = secondOf(bytes, at)
    this.readings = this.readings.flatMap(reading => {
      if (at < reading.at) return [reading]
      reading.read(bytes, at)
      if (!reading.mayBe(second)) return [reading]
      const other = reading.isInString ? [reading.otherwise()] : []
      reading.takeMarker(bytes)
      return [reading, ...other]
    })
    this.sift()
  }

  /** Leaves what makes sense; where nothing does, the likeliest, which goes on at the next line. */
  private sift(): void {
    if (this.readings.length > 1) {
      const sensible = this.readings
        .filter(reading => !reading.makesNoSense)
        .sort((one, other) => one.unlikeliness - other.unlikeliness)
      const distinct = sensible.filter((one, i) => !sensible.slice(0, i).some(other => one.isAs(other)))
      this.readings = distinct.length > 0 ? distinct.slice(0, MOST_READINGS) : this.readings.slice(0, 1)
    }
    const [only, ...others] = this.readings
    if (others.length > 0 || only!.brokenBy === undefined) return
    if (only!.brokenBy === 'client') this.unread++
    only!.forgive()
  }

  private certain(): TelemetryEvent[] {
    const [only, ...others] = this.readings
    if (others.length > 0) return []
    const { events } = only!
    only!.events = []
    return events
  }

  private noLog(): HarnessError {
    return new HarnessError(
      'RESULTS',
      `${this.path} is no telemetry log of Cyrus’s: it does not begin with “---------- user time”`,
      'give files of <configdirectory>/log/<user>/ of a master, or what mupdate-bench record has written',
    )
  }
}

function joined(held: Uint8Array, chunk: Uint8Array): Uint8Array {
  return held.length === 0 ? chunk : Buffer.concat([held, chunk])
}
