import { CR, LF } from '../wire/ascii.js'

const SP = 32
const DQUOTE = 34
const PLUS = 43
const ZERO = 48
const NINE = 57
const BACKSLASH = 92
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** Where a line stands that is not at its end: in a string, which may hold anything, or not. `broken`: it is none. */
export type Place = 'line' | 'string' | 'broken'

/** @param bytes from the line's first on, all of them not its end */
export function placeAfter(bytes: Uint8Array): Place {
  const limit = bytes.length
  let at = 0
  while (at < limit) {
    if (bytes[at] !== DQUOTE && bytes[at] !== OPEN_BRACE) {
      at++
      continue
    }
    const end = bytes[at] === DQUOTE ? quotedEnd(bytes, at) : literalEnd(bytes, at)
    if (end === 'line' || end === 'string' || end === 'broken') return end
    // What follows a string is a blank or the end of the line: by that a string of the wrong length is found out.
    if (end < limit && bytes[end] !== SP && bytes[end] !== CR && bytes[end] !== LF) return 'broken'
    at = end
  }
  return 'line'
}

function quotedEnd(bytes: Uint8Array, start: number): number | Place {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== DQUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at < bytes.length ? at + 1 : 'string'
}

/** Past its last byte; `line` where its head is not whole. */
function literalEnd(bytes: Uint8Array, start: number): number | Place {
  let at = start + 1
  let size = 0
  for (; at < bytes.length && bytes[at]! >= ZERO && bytes[at]! <= NINE; at++) size = size * 10 + bytes[at]! - ZERO
  if (bytes[at] === PLUS) at++
  for (const expected of [CLOSE_BRACE, CR, LF]) {
    if (at >= bytes.length) return 'line'
    if (bytes[at++] !== expected) return 'broken'
  }
  return at + size > bytes.length ? 'string' : at + size
}
