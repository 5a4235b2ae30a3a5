import { MAILBOX_KEY, writeKey } from '../../core/database-key.js'
import type { Span } from './span.js'

/** A name and its key, to be compared with many records. Holds one name at a time. */
export class Probe {
  name: Span = { bytes: new Uint8Array(0), start: 0, end: 0 }
  private key = new Uint8Array(512)
  private other = new Uint8Array(512)

  set(name: Span): void {
    this.name = name
    const length = name.end - name.start
    if (length > this.key.length) this.key = new Uint8Array(length * 2)
    writeKey(name.bytes, name.start, name.end, this.key)
  }

  /**
   * Compares the probe with the name at `bytes[start..end)`.
   *
   * @param domain whether that name has a domain
   * @returns negative when the probe comes first, 0 when the names are the same
   */
  compare(bytes: Uint8Array, start: number, end: number, domain: boolean): number {
    if (domain) return this.compareDomain(bytes, start, end)
    const { key, name } = this
    const length = name.end - name.start
    const shared = Math.min(length, end - start)
    for (let i = 0; i < shared; i++) {
      const difference = key[i] - MAILBOX_KEY[bytes[start + i]]
      if (difference !== 0) return difference
    }
    return length - (end - start) || this.compareRaw(bytes, start)
  }

  private compareDomain(bytes: Uint8Array, start: number, end: number): number {
    const length = this.name.end - this.name.start
    if (end - start > this.other.length) this.other = new Uint8Array((end - start) * 2)
    writeKey(bytes, start, end, this.other)
    const shared = Math.min(length, end - start)
    for (let i = 0; i < shared; i++) if (this.key[i] !== this.other[i]) return this.key[i] - this.other[i]
    return length - (end - start) || this.compareRaw(bytes, start)
  }

  /** Two names can have one key when they hold 0x1F or 0x1D themselves; they are two names all the same. */
  private compareRaw(bytes: Uint8Array, start: number): number {
    const { name } = this
    for (let i = name.start; i < name.end; i++) {
      const difference = name.bytes[i] - bytes[start + i - name.start]
      if (difference !== 0) return difference
    }
    return 0
  }
}
