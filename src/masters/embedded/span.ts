/** Bytes that lie in somebody's buffer: valid only until that buffer is used for the next thing. */
export interface Span {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

export function spanOf(text: string): Span {
  const bytes = Buffer.from(text, 'latin1')
  return { bytes, start: 0, end: bytes.length }
}

export function spanText(span: Span): string {
  return Buffer.from(span.bytes.buffer, span.bytes.byteOffset + span.start, span.end - span.start).toString('latin1')
}

/** A copy that outlives the buffer. */
export function keep(span: Span): Span {
  const bytes = span.bytes.slice(span.start, span.end)
  return { bytes, start: 0, end: bytes.length }
}

/**
 * Copies bytes by hand: for the hundred bytes of a record this is quicker than a view and a call into C++ (measured).
 *
 * @returns offset in `target` past the last byte written
 */
export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  if (end - start > 512) {
    target.set(source.subarray(start, end), at)
    return at + end - start
  }
  let to = at
  for (let from = start; from < end; from++) target[to++] = source[from]
  return to
}
