import { HarnessError } from '../core/errors.js'
import { CR, LF, NO_BYTES } from './ascii.js'
import type { WireLimits } from './limits.js'

/** Tokens kept per frame; a frame may hold more (they are counted), but no command or reply needs them. */
export const MAX_TOKENS = 48

/** Returned by {@link parseFrame} until all of a frame has arrived. */
export const INCOMPLETE = -1

export const ATOM = 0
export const QUOTED = 1
export const LITERAL = 2

const SP = 32
const DQUOTE = 34
const PLUS = 43
const BACKSLASH = 92
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/**
 * Where the tokens of one frame lie in the buffer they arrived in. Reused from frame to frame and valid only until the
 * next one is read: take strings out with {@link Frame.text}, or nothing at all.
 */
export class Frame {
  bytes: Uint8Array = NO_BYTES
  start = 0
  /** Just past the last byte of the frame's text, its line end left out. */
  end = 0
  /** Just past its line end, which may be a bare LF. */
  next = 0
  count = 0
  readonly starts = new Int32Array(MAX_TOKENS)
  readonly ends = new Int32Array(MAX_TOKENS)
  readonly kinds = new Uint8Array(MAX_TOKENS)
  /** A quote that its line did not close. */
  malformed = false
  /** Synchronising literals `{n}` announced so far, also while the frame is incomplete: each is owed a `+ go ahead`. */
  synchronising = 0

  /** Token `i` as a byte string, quotes and escapes taken off. */
  text(i: number): string {
    const raw = latin1(this.bytes, this.starts[i], this.ends[i])
    return this.kinds[i] === QUOTED && raw.includes('\\') ? raw.replace(/\\(.)/gs, '$1') : raw
  }

  /** From token `i` to the end of the line, as it stands: Cyrus's unquoted OK texts. */
  restOfLine(i: number): string {
    return i < this.count ? latin1(this.bytes, this.starts[i], this.end) : ''
  }

  /** Whether token `i` is `expected`, byte for byte. */
  equals(i: number, expected: string): boolean {
    const start = this.starts[i]
    if (this.ends[i] - start !== expected.length) return false
    for (let k = 0; k < expected.length; k++) if (this.bytes[start + k] !== expected.charCodeAt(k)) return false
    return true
  }

  /** Whether token `i` is the byte `letter` and the whole number `value` in decimal: a tag, compared without a string. */
  isNumbered(i: number, letter: number, value: number): boolean {
    const start = this.starts[i]
    const end = this.ends[i]
    if (end - start < 2 || this.bytes[start] !== letter) return false
    if (this.bytes[start + 1] === 48 && end - start > 2) return false
    let number = 0
    for (let k = start + 1; k < end; k++) {
      const digit = this.bytes[k] - 48
      if (digit < 0 || digit > 9) return false
      number = number * 10 + digit
    }
    return number === value
  }

  /** Whether token `i` is the word `upper` in any case; `upper` in capitals (and `-`). */
  isWord(i: number, upper: string): boolean {
    const start = this.starts[i]
    if (this.ends[i] - start !== upper.length) return false
    for (let k = 0; k < upper.length; k++) {
      let byte = this.bytes[start + k]
      if (byte >= 97 && byte <= 122) byte -= 32
      if (byte !== upper.charCodeAt(k)) return false
    }
    return true
  }
}

export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

/**
 * Reads the frame at `start`: a line of tokens (atom, quoted string, `{n}` or `{n+}` literal) and its line end. Makes
 * no strings and copies nothing. A bare LF ends a line too, as in Cyrus's prot layer.
 *
 * @param limit end of the bytes that have arrived
 * @param frame filled in; only its `synchronising` counts when the result is {@link INCOMPLETE}
 * @returns offset just past the line end, or {@link INCOMPLETE}
 * @throws {HarnessError} `WIRE_LIMIT` as soon as an oversized literal is announced or an oversized line has arrived
 * @see RFC 3656 section 2.2
 */
export function parseFrame(bytes: Uint8Array, start: number, limit: number, frame: Frame, limits: WireLimits): number {
  const { starts, ends, kinds } = frame
  let at = start
  let count = 0
  frame.malformed = false
  frame.synchronising = 0
  while (at < limit) {
    const byte = bytes[at]
    if (byte === SP) {
      at++
      continue
    }
    if (byte === LF || (byte === CR && at + 1 < limit && bytes[at + 1] === LF)) {
      frame.bytes = bytes
      frame.start = start
      frame.end = at
      frame.next = byte === LF ? at + 1 : at + 2
      frame.count = count
      return frame.next
    }
    const slot = count < MAX_TOKENS ? count : MAX_TOKENS - 1
    if (byte === OPEN_BRACE) {
      const next = literalEnd(bytes, at, limit, frame, limits, slot, start)
      if (next === INCOMPLETE) return INCOMPLETE
      if (next > 0) {
        count++
        at = next
        continue
      }
    }
    if (byte === DQUOTE) {
      let end = at + 1
      while (end < limit && bytes[end] !== DQUOTE && bytes[end] !== LF) end += bytes[end] === BACKSLASH ? 2 : 1
      if (end >= limit) break
      frame.malformed ||= bytes[end] === LF
      starts[slot] = at + 1
      ends[slot] = end
      kinds[slot] = QUOTED
      count++
      at = bytes[end] === LF ? end : end + 1
      continue
    }
    let end = at + 1
    while (end < limit) {
      const c = bytes[end]
      if (c === SP || c === LF || (c === CR && (end + 1 >= limit || bytes[end + 1] === LF))) break
      end++
    }
    if (end >= limit) break
    starts[slot] = at
    ends[slot] = end
    kinds[slot] = ATOM
    count++
    at = end
    if (bytes[end] === CR && end + 1 >= limit) break
  }
  if (limit - start > limits.maxFrameBytes) throw tooLong('a line', limit - start, limits.maxFrameBytes)
  return INCOMPLETE
}

/** @returns offset past the literal's bytes; {@link INCOMPLETE}; or 0 when what begins at `at` is no literal */
function literalEnd(
  bytes: Uint8Array,
  at: number,
  limit: number,
  frame: Frame,
  limits: WireLimits,
  slot: number,
  frameStart: number,
): number {
  let size = 0
  let next = at + 1
  while (next < limit && bytes[next] >= 48 && bytes[next] <= 57) {
    size = size * 10 + bytes[next] - 48
    if (size > limits.maxLiteralBytes) throw tooLong('a literal', size, limits.maxLiteralBytes)
    next++
  }
  const digits = next - at - 1
  const synchronising = next < limit && bytes[next] !== PLUS
  if (!synchronising) next++
  // `}` CR LF, or `}` LF
  if (next >= limit) return INCOMPLETE
  if (digits === 0 || bytes[next] !== CLOSE_BRACE) return 0
  next++
  if (next < limit && bytes[next] === CR) next++
  if (next >= limit) return INCOMPLETE
  if (bytes[next] !== LF) return 0
  next++
  if (next + size - frameStart > limits.maxFrameBytes) {
    throw tooLong('a frame', next + size - frameStart, limits.maxFrameBytes)
  }
  frame.starts[slot] = next
  frame.ends[slot] = next + size
  frame.kinds[slot] = LITERAL
  if (synchronising) frame.synchronising++
  return next + size >= limit ? INCOMPLETE : next + size
}

function tooLong(what: string, bytes: number, most: number): HarnessError {
  return new HarnessError(
    'WIRE_LIMIT',
    `${what} of ${bytes} bytes or more; at most ${most} are taken`,
    'the peer is broken or is no MUPDATE peer',
  )
}
