import { NO_BYTES } from '../wire/ascii.js'
import { ATOM, Frame, INCOMPLETE, latin1, parseFrame } from '../wire/frame.js'
import { DEFAULT_LIMITS } from '../wire/limits.js'
import { BLINDING, isHidden } from './blinding.js'

/** A command that does not reach the master. */
export interface Refusal {
  readonly tag: string
  readonly verb: string
}

/** A tag that is longer belongs to no client; what begins with one is not held. */
const MOST_HELD_TAG = 256
/** A line that is not whole: its first word, and its second. */
const BEGUN = /^ *([^ "{]*)(?: +([^ \r]*))?/

/** One for all: each frame is looked at at once. */
const frame = new Frame()

/**
 * Keeps from a master the commands that {@link BLINDING} says, wherever chunks break. Of all else nothing is held but the
 * beginning of a line that may still become one of them.
 */
export class CommandGate {
  /** What is no line, or too long for one, has come: the ends of lines are not known any more. */
  private isLost = false
  /** The line that is not whole, and how much of it the master has. */
  private begun: Uint8Array = NO_BYTES
  private passed = 0

  /** @returns what the master gets now, and what it does not get */
  pass(chunk: Uint8Array): { readonly bytes: Uint8Array; readonly refused: readonly Refusal[] } {
    if (this.isLost) return { bytes: chunk, refused: [] }
    const bytes = this.begun.length === 0 ? chunk : Buffer.concat([this.begun, chunk])
    const kept: Uint8Array[] = []
    const refused: Refusal[] = []
    let [at, from] = [0, this.passed]
    while (at < bytes.length) {
      const next = this.frameEnd(bytes, at)
      if (next === INCOMPLETE) break
      if (from <= at && isBlinding()) {
        refused.push({ tag: frame.text(0), verb: frame.text(1).toUpperCase() })
        if (from < at) kept.push(bytes.subarray(from, at))
        from = next
      }
      at = next
    }
    const rest = bytes.subarray(at)
    const isHeld = from <= at && !this.isLost && mayBecomeBlinding(rest)
    const upTo = isHeld ? at : bytes.length
    if (from < upTo) kept.push(bytes.subarray(from, upTo))
    this.begun = rest.length === 0 || this.isLost ? NO_BYTES : new Uint8Array(rest)
    this.passed = isHeld ? 0 : this.begun.length
    return { bytes: kept.length === 1 ? kept[0]! : Buffer.concat(kept), refused }
  }

  /** The client says no more. @returns what was held */
  end(): Uint8Array {
    return this.begun.subarray(this.passed)
  }

  private frameEnd(bytes: Uint8Array, at: number): number {
    try {
      if (!isHidden(bytes, at)) return parseFrame(bytes, at, bytes.length, frame, DEFAULT_LIMITS)
    } catch {
      // As what is hidden.
    }
    this.isLost = true
    return INCOMPLETE
  }
}

/** The command in {@link frame}. */
function isBlinding(): boolean {
  if (frame.count < 2 || frame.kinds[0] !== ATOM || frame.kinds[1] !== ATOM) return false
  return BLINDING.some(word => frame.isWord(1, word))
}

function mayBecomeBlinding(line: Uint8Array): boolean {
  if (line.length === 0) return false
  const text = latin1(line, 0, Math.min(line.length, 2 * MOST_HELD_TAG))
  const [whole, tag, verb] = BEGUN.exec(text)!
  if (tag!.length > MOST_HELD_TAG || (tag === '' && whole !== text)) return false
  if (verb === undefined) return whole === text
  const word = verb.toUpperCase()
  return whole === text
    ? BLINDING.some(blinding => blinding.startsWith(word))
    : BLINDING.some(blinding => blinding === word)
}
