import { NO_BYTES } from '../wire/ascii.js'
import { Frame, INCOMPLETE, parseFrame } from '../wire/frame.js'
import { DEFAULT_LIMITS } from '../wire/limits.js'
import { BLINDING } from './blinding.js'

const ASTERISK = 42

/** One for all: each frame is looked at at once. */
const frame = new Frame()

/**
 * Takes out of a master's banner what {@link BLINDING} says. A line is held until it is whole; from the first that is no
 * banner's on, all goes through as it comes.
 */
export class BannerFilter {
  private isOver = false
  private begun: Uint8Array = NO_BYTES

  /** @returns what the client gets now */
  pass(chunk: Uint8Array): Uint8Array {
    if (this.isOver) return chunk
    const bytes = this.begun.length === 0 ? chunk : Buffer.concat([this.begun, chunk])
    const kept: Uint8Array[] = []
    let at = 0
    while (at < bytes.length) {
      const next = bytes[at] === ASTERISK ? frameEnd(bytes, at) : undefined
      if (next === undefined) {
        this.isOver = true
        kept.push(bytes.subarray(at))
        at = bytes.length
        break
      }
      if (next === INCOMPLETE) break
      const isStruck = frame.count > 1 && frame.equals(0, '*') && BLINDING.some(word => frame.isWord(1, word))
      if (!isStruck) kept.push(bytes.subarray(at, next))
      at = next
    }
    this.begun = new Uint8Array(bytes.subarray(at))
    return kept.length === 1 ? kept[0]! : Buffer.concat(kept)
  }

  /** The master says no more. @returns what was held */
  end(): Uint8Array {
    this.isOver = true
    return this.begun
  }
}

/** @returns undefined for what is longer than any line */
function frameEnd(bytes: Uint8Array, at: number): number | undefined {
  try {
    return parseFrame(bytes, at, bytes.length, frame, DEFAULT_LIMITS)
  } catch {
    return undefined
  }
}
