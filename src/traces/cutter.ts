import { NO_BYTES } from '../wire/ascii.js'
import { Frame, INCOMPLETE, parseFrame } from '../wire/frame.js'
import { DEFAULT_LIMITS } from '../wire/limits.js'
import { type Place, placeAfter } from './place.js'

/** One for all: each frame is taken at once. */
const frame = new Frame()

/** Cuts one direction of a connection into frames, and can be copied in the middle of one: lines of a log can be read in more than one way. */
export class Cutter {
  /** The beginning of a frame whose end has not come. */
  private begun: Uint8Array = NO_BYTES

  copy(): Cutter {
    const copy = new Cutter()
    copy.begun = this.begun
    return copy
  }

  get isBetween(): boolean {
    return this.begun.length === 0
  }

  get place(): Place {
    return placeAfter(this.begun)
  }

  /**
   * @param take given each frame that is whole; it is lent
   * @throws {HarnessError} `WIRE_LIMIT`
   */
  feed(piece: Uint8Array, take: (frame: Frame) => void): void {
    const bytes = this.begun.length === 0 ? piece : Buffer.concat([this.begun, piece])
    this.begun = NO_BYTES
    let at = 0
    while (at < bytes.length) {
      const next = parseFrame(bytes, at, bytes.length, frame, DEFAULT_LIMITS)
      if (next === INCOMPLETE) break
      at = next
      take(frame)
    }
    // A copy: the chunk that it lies in is not kept for it.
    if (at < bytes.length) this.begun = new Uint8Array(bytes.subarray(at))
  }
}
