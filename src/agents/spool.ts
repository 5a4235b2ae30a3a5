import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { HarnessError } from '../core/errors.js'
import { encode, heard, type Output } from './protocol.js'

/** Below what a NATS server takes in one message: 1 MB, if nobody has changed it. */
export const CHUNK_BYTES = 256 * 1024
const LENGTH_BYTES = 4
/** No thread has so much to say at once. */
const MOST_ENTRY_BYTES = 256 * 1024 * 1024

/** An agent's output on its disk, each entry behind its length: the truth, of which what was sent is a copy. */
export class Spool {
  length = 0
  /** Nothing is written or read any more. */
  isClosed = false
  private readonly fd: number

  /** @throws what the file system says */
  constructor(readonly path: string) {
    mkdirSync(dirname(path), { recursive: true })
    this.fd = openSync(path, 'wx+', 0o600)
  }

  /** @returns its bytes, to be sent @throws what the file system says: then it is as it was before */
  add(output: Output): Uint8Array {
    const entry = framed(output)
    // A disk that is nearly full takes a part.
    for (let done = 0; done < entry.length; )
      done += writeSync(this.fd, entry, done, entry.length - done, this.length + done)
    this.length += entry.length
    return entry
  }

  /** Bytes from there on; fewer at the end. */
  read(from: number, most = CHUNK_BYTES): Uint8Array {
    return readAt(this.fd, this.length, from, most)
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    closeSync(this.fd)
  }

  /** What was in it is elsewhere now. */
  remove(): void {
    this.close()
    rmSync(this.path, { force: true })
  }
}

/** A part of a spool of which nobody writes any more, and its whole length. @throws what the file system says */
export function readPart(
  path: string,
  from: number,
  most: number,
): { readonly length: number; readonly bytes: Uint8Array } {
  const fd = openSync(path, 'r')
  try {
    const { size: length } = fstatSync(fd)
    return { length, bytes: readAt(fd, length, from, most) }
  } finally {
    closeSync(fd)
  }
}

function readAt(fd: number, length: number, from: number, most: number): Uint8Array {
  const bytes = Buffer.alloc(Math.max(0, Math.min(most, length - from)))
  readSync(fd, bytes, 0, bytes.length, from)
  return bytes
}

/**
 * A spool of which nobody writes any more; an entry that is not whole is left out.
 *
 * @throws {HarnessError} `RESULTS` where it is damaged
 */
export function readSpool(path: string): Output[] {
  const outputs: Output[] = []
  const reader = new SpoolReader(output => outputs.push(output))
  reader.take(0, readFileSync(path))
  if (reader.isBroken)
    throw new HarnessError(
      'RESULTS',
      `${path} is damaged after ${outputs.length} entries`,
      'copy it again, or take it away',
    )
  return outputs
}

export function framed(output: Output): Buffer {
  const body = encode(output)
  const entry = Buffer.alloc(LENGTH_BYTES + body.length)
  entry.writeUInt32LE(body.length)
  entry.set(body, LENGTH_BYTES)
  return entry
}

/** Puts an agent's output together from chunks, which may come twice, and of which some may not come. */
export class SpoolReader {
  /** Bytes that have come without a gap. */
  at = 0
  /** What came is no output: nothing more is taken. */
  isBroken = false
  private rest = Buffer.alloc(0)

  constructor(private readonly onOutput: (output: Output) => void) {}

  /** @returns whether something before it is missing */
  take(at: number, bytes: Uint8Array): boolean {
    if (this.isBroken) return false
    if (at > this.at) return true
    const fresh = bytes.subarray(this.at - at)
    if (fresh.length === 0) return false
    this.at += fresh.length
    this.rest = Buffer.concat([this.rest, fresh])
    this.hand()
    return false
  }

  private hand(): void {
    let start = 0
    for (;;) {
      if (this.rest.length - start < LENGTH_BYTES) break
      const length = this.rest.readUInt32LE(start)
      const end = start + LENGTH_BYTES + length
      const isWhole = end <= this.rest.length
      const output = isWhole ? heard<Output>(this.rest.subarray(start + LENGTH_BYTES, end), 'kind') : undefined
      this.isBroken = length > MOST_ENTRY_BYTES || (isWhole && output === undefined)
      if (this.isBroken || output === undefined) break
      this.onOutput(output)
      start = end
    }
    this.rest = this.rest.subarray(start)
  }
}
