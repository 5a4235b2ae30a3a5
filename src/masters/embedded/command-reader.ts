import { LF } from '../../wire/ascii.js'
import { type CommandParser, INCOMPLETE, tooLong } from './parse-command.js'

/** More than any mechanism says; lib/saslserver.c has a buffer for a line too. */
const MAX_LINE_BYTES = 32_768
const NOTHING = new Uint8Array(0)

/** Cuts what a client sends into commands, wherever its chunks break. Keeps no buffer while nothing is outstanding. */
export class CommandReader {
  private bytes: Uint8Array = NOTHING
  private at = 0
  private limit = 0
  /** Whether `bytes` is ours, not a chunk that was lent. */
  private owned = false
  private goneAhead = 0
  private needed = 0
  /** Whether a line end has come since the parser looked last, and the bytes that it had then. */
  private hasLineEnd = true
  private lookedAt = 0

  constructor(
    readonly parser: CommandParser,
    private readonly onGoAhead: () => void,
  ) {}

  get pendingBytes(): number {
    return this.limit - this.at
  }

  feed(chunk: Uint8Array): void {
    if (this.pendingBytes === 0) {
      this.bytes = chunk
      this.at = 0
      this.limit = chunk.length
      this.owned = false
      this.hasLineEnd = true
      return
    }
    this.hasLineEnd ||= chunk.includes(LF)
    this.makeRoom(chunk.length)
    this.bytes.set(chunk, this.limit)
    this.limit += chunk.length
  }

  /**
   * @returns whether the parser now holds a command
   * @throws {HarnessError} `WIRE_LIMIT`
   */
  next(loggedIn: boolean): boolean {
    const { pendingBytes } = this
    if (pendingBytes === 0 || pendingBytes < this.needed || !this.isWorthALook(pendingBytes)) return this.nothing()
    const next = this.parser.parse(this.bytes, this.at, this.limit, loggedIn)
    for (; this.goneAhead < this.parser.goAheads; this.goneAhead++) this.onGoAhead()
    if (next === INCOMPLETE) {
      this.needed = this.parser.needed
      this.hasLineEnd = false
      this.lookedAt = pendingBytes
      return this.nothing()
    }
    this.at = next
    this.goneAhead = 0
    this.needed = 0
    this.hasLineEnd = true
    return true
  }

  /** A command ends with a line; one that comes in drops is read again when there is twice as much, for its limits. */
  private isWorthALook(pendingBytes: number): boolean {
    return this.hasLineEnd || pendingBytes >= this.lookedAt * 2
  }

  /**
   * A line as it stands, its end left out: what follows a SASL challenge.
   *
   * @throws {HarnessError} `WIRE_LIMIT`
   */
  nextLine(): string | undefined {
    const end = this.bytes.subarray(0, this.limit).indexOf(LF, this.at)
    if (end < 0) {
      if (this.pendingBytes > MAX_LINE_BYTES) throw tooLong('a SASL response', this.pendingBytes)
      this.nothing()
      return undefined
    }
    const line = Buffer.from(this.bytes.subarray(this.at, end)).toString('latin1')
    this.at = end + 1
    this.hasLineEnd = true
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }

  /** @returns what has come after the last command, and is no longer here */
  takeRest(): Uint8Array {
    const rest = this.bytes.slice(this.at, this.limit)
    this.at = this.limit
    this.needed = 0
    this.goneAhead = 0
    this.nothing()
    return rest
  }

  /** What was lent is copied, and what is empty let go. */
  nothing(): false {
    if (this.pendingBytes === 0) {
      this.bytes = NOTHING
      this.at = this.limit = 0
    } else if (!this.owned) this.makeRoom(0)
    return false
  }

  private makeRoom(extra: number): void {
    const pending = this.pendingBytes
    if (this.owned && this.limit + extra <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(pending + extra, this.owned ? pending * 2 : 256))
    grown.set(this.bytes.subarray(this.at, this.limit))
    this.bytes = grown
    this.at = 0
    this.limit = pending
    this.owned = true
  }
}
