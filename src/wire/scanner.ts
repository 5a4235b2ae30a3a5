import { LF, NO_BYTES } from './ascii.js'
import { Frame, INCOMPLETE, parseFrame } from './frame.js'
import { DEFAULT_LIMITS, type WireLimits } from './limits.js'
import type { RecordScanner } from './record-scanner.js'

/**
 * Cuts a byte stream into frames, wherever its chunks break. Frames inside a chunk are read where they lie; only what
 * a chunk cuts off is copied. Feed a chunk, then call {@link next} until it says no: the chunk may be reused after that.
 */
export class FrameScanner {
  /** Frames taken so far. */
  frames = 0
  private chunk: Uint8Array = NO_BYTES
  private at = 0
  private limit = 0
  /** The beginning of a frame that earlier chunks cut off, in `carry[0..carried)`. */
  private carry: Uint8Array = NO_BYTES
  private carried = 0
  private goneAhead = 0
  /** Bytes carried when they were last looked at. */
  private lookedAt = 0

  constructor(
    private readonly limits: WireLimits = DEFAULT_LIMITS,
    /** Called once for each synchronising literal whose sender waits for `+ go ahead` (servers only). */
    private readonly onGoAhead?: () => void,
    /** Lent by those who have thousands of scanners and take each frame at once. */
    readonly frame = new Frame(),
  ) {}

  feed(chunk: Uint8Array, start = 0, end = chunk.length): void {
    this.chunk = chunk
    this.at = start
    this.limit = end
  }

  /**
   * @returns whether `frame` now holds a further frame
   * @throws {HarnessError} `WIRE_LIMIT`
   */
  next(): boolean {
    if (this.carried > 0) return this.nextFromCarry()
    if (this.at >= this.limit) return false
    const next = parseFrame(this.chunk, this.at, this.limit, this.frame, this.limits)
    if (next === INCOMPLETE) {
      this.appendToCarry(this.limit - this.at)
      this.lookedAt = this.carried
      this.goAhead()
      return false
    }
    this.at = next
    return this.taken()
  }

  /** Takes the records that lie next and are whole, if any: {@link next} goes on behind them. */
  takeRecords(records: RecordScanner): void {
    if (this.carried === 0) this.at = records.scan(this.chunk, this.at, this.limit)
  }

  /** Bytes fed and not yet taken as frames: what must be empty when a security layer begins. */
  get pendingBytes(): number {
    return this.carried + this.limit - this.at
  }

  private nextFromCarry(): boolean {
    // Grow by doubling, so that a small frame copies little of the chunk and a large one is re-read few times.
    while (this.at < this.limit) {
      const before = this.carried
      this.appendToCarry(Math.min(this.limit - this.at, Math.max(1024, before)))
      // A frame ends with a line; one that comes in drops is read again when there is twice as much, for its limits.
      if (this.carried < this.lookedAt * 2 && !this.carry.subarray(before, this.carried).includes(LF)) continue
      this.lookedAt = this.carried
      const next = parseFrame(this.carry, 0, this.carried, this.frame, this.limits)
      if (next !== INCOMPLETE) {
        this.at -= this.carried - next
        this.carried = 0
        return this.taken()
      }
      this.goAhead()
    }
    return false
  }

  private appendToCarry(count: number): void {
    const needed = this.carried + count
    if (needed > this.carry.length) {
      const grown = new Uint8Array(Math.max(needed, this.carry.length * 2, 512))
      grown.set(this.carry.subarray(0, this.carried))
      this.carry = grown
    }
    this.carry.set(this.chunk.subarray(this.at, this.at + count), this.carried)
    this.carried = needed
    this.at += count
  }

  private taken(): true {
    this.goAhead()
    this.goneAhead = 0
    this.frames++
    return true
  }

  private goAhead(): void {
    if (this.onGoAhead === undefined) return
    for (; this.goneAhead < this.frame.synchronising; this.goneAhead++) this.onGoAhead()
  }
}
