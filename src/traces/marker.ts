const INPUT = 60
const OUTPUT = 62
const ZERO = 48
const NINE = 57
/** Of a time between 2001 and 2286. */
const DIGITS = 10

/** `<epoch<` or `>epoch>` (lib/prot.c prot_fill, prot_flush_log). */
export const MARKER_BYTES = DIGITS + 2

/** @returns where the next thing lies, in `bytes[from..limit)`, that looks like a marker; -1 for none */
export function nextMarker(bytes: Uint8Array, from: number, limit: number): number {
  for (let at = from; at + MARKER_BYTES <= limit; at++) {
    if (isMarker(bytes, at, limit)) return at
  }
  return -1
}

/**
 * @returns where that begins of which more has to arrive before it is known what it is; `limit` where nothing does. No marker
 *   that has arrived reaches beyond it: the end of one may be the beginning of another.
 */
export function begunMarker(bytes: Uint8Array, limit: number): number {
  let at = Math.max(0, limit - MARKER_BYTES + 1)
  while (at < limit && !(isSign(bytes[at]) && at + 1 + digitsFrom(bytes, at + 1, limit) === limit)) at++
  while (at < limit && at >= MARKER_BYTES - 1 && isMarker(bytes, at - MARKER_BYTES + 1, limit)) at -= MARKER_BYTES - 1
  return at
}

/** Of one that lies at `at`. */
export function isInput(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === INPUT
}

/** Of one that lies at `at`, s since 1970. */
export function secondOf(bytes: Uint8Array, at: number): number {
  let second = 0
  for (let i = at + 1; i <= at + DIGITS; i++) second = second * 10 + bytes[i]! - ZERO
  return second
}

function isSign(byte: number | undefined): boolean {
  return byte === INPUT || byte === OUTPUT
}

function isMarker(bytes: Uint8Array, at: number, limit: number): boolean {
  return isSign(bytes[at]) && digitsFrom(bytes, at + 1, limit) === DIGITS && bytes[at + 1 + DIGITS] === bytes[at]
}

/** How many there are, up to {@link DIGITS}. */
function digitsFrom(bytes: Uint8Array, from: number, limit: number): number {
  let count = 0
  while (count < DIGITS && from + count < limit && bytes[from + count]! >= ZERO && bytes[from + count]! <= NINE) count++
  return count
}
