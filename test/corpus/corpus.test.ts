import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { asCommands, asReplies, type Decoder } from '../support/decoders.js'

/** Bytes that some peer has sent, or might, and what each decoder makes of them. `npm run soak` mutates them, too. */
interface Entry {
  readonly name: string
  /** latin1 */
  readonly bytes: string
  readonly asReplies: readonly string[]
  readonly asCommands: readonly string[]
}

const corpus: Entry[] = JSON.parse(readFileSync(join(import.meta.dirname, 'hostile.json'), 'utf8'))

function everySplit(bytes: Buffer, decode: Decoder, expected: readonly string[]): void {
  expect(decode([bytes])).toEqual(expected)
  expect(decode([...bytes].map(byte => Uint8Array.of(byte))), 'byte by byte').toEqual(expected)
  for (let n = 1; n < bytes.length; n++) {
    expect(decode([bytes.subarray(0, n), bytes.subarray(n)]), `cut after ${n}`).toEqual(expected)
  }
}

describe.each(corpus)('$name', entry => {
  const bytes = Buffer.from(entry.bytes, 'latin1')
  it('is read by the client so, however it is split', () => everySplit(bytes, asReplies, entry.asReplies))
  it('is read by the embedded master so, however it is split', () =>
    everySplit(bytes, asCommands(true), entry.asCommands))
})
