import { literal } from '../../wire/encode.js'
import type { Records } from './records.js'
import { literalBytes, writeLiteral } from './records.js'
import { copyBytes, type Span } from './span.js'

/** What the records of one stream begin with, its tag included, ready to be copied. */
export interface Prefixes {
  readonly mailbox: Uint8Array
  readonly reserve: Uint8Array
  readonly remove: Uint8Array
}

export function prefixesFor(tag: string): Prefixes {
  const bytes = (word: string) => new Uint8Array(Buffer.from(`${tag} ${word} `, 'latin1'))
  return { mailbox: bytes('MAILBOX'), reserve: bytes('RESERVE'), remove: bytes('DELETE') }
}

/** Records into a buffer that may grow; what it grew to is used again for the next batch. */
export class ByteWriter {
  length = 0

  constructor(private buffer: Uint8Array) {}

  /** Room before it would have to grow. */
  get room(): number {
    return this.buffer.length - this.length
  }

  record(prefixes: Prefixes, records: Records, address: number): void {
    const prefix = records.isActive(address) ? prefixes.mailbox : prefixes.reserve
    this.reserve(prefix.length + records.wireLength(address))
    const at = copyBytes(prefix, 0, prefix.length, this.buffer, this.length)
    this.length = records.copyWire(address, this.buffer, at)
  }

  deletion(prefixes: Prefixes, name: Span): void {
    this.reserve(prefixes.remove.length + literalBytes(name) + 2)
    const at = copyBytes(prefixes.remove, 0, prefixes.remove.length, this.buffer, this.length)
    this.length = writeLiteral(this.buffer, at, name)
    this.buffer[this.length++] = 13
    this.buffer[this.length++] = 10
  }

  /** A record that no catalogue holds. */
  text(prefix: Uint8Array, name: string, location: string, acl: string): void {
    const bytes = Buffer.from(`${literal(name)} ${literal(location)} ${literal(acl)}\r\n`, 'latin1')
    this.reserve(prefix.length + bytes.length)
    const at = copyBytes(prefix, 0, prefix.length, this.buffer, this.length)
    this.length = copyBytes(bytes, 0, bytes.length, this.buffer, at)
  }

  /** @returns what has been written, where it lies: valid until the next use */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  /** @returns a copy of its own */
  take(): Uint8Array {
    return this.buffer.slice(0, this.length)
  }

  private reserve(byteCount: number): void {
    if (this.room >= byteCount) return
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + byteCount))
    grown.set(this.view())
    this.buffer = grown
  }
}
