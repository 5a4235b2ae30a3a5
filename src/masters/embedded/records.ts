import type { MailboxRecord } from '../../core/mailbox.js'
import { CR, LF } from '../../wire/ascii.js'
import { Arena, sizeClass } from './arena.js'
import { hasDomain } from '../../core/database-key.js'
import type { Probe } from './order.js'
import { copyBytes, type Span } from './span.js'

const HEADER_BYTES = 12
const ACTIVE = 1 << 30
const DOMAIN = 1 << 29
const LENGTH_MASK = (1 << 29) - 1
const PLUS = 43
const SP = 32
const BANG = 33
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/**
 * Mailboxes as they go on the wire: after 12 bytes of header (length of the wire text, of the name, of the location
 * with two flags) a record holds `{n+} CRLF name {n+} CRLF location {n+} CRLF acl CRLF`, the ACL being left out while
 * reserved. So a dump is a copy.
 */
export class Records {
  readonly arena = new Arena()

  add(state: MailboxRecord['state'], name: Span, location: Span, acl: Span | undefined): number {
    const byteCount = recordBytes(name, location, acl)
    const address = this.arena.allocate(byteCount)
    this.write(address, state, name, location, acl)
    return address
  }

  /** @returns the address, another one when the record no longer fits where it was */
  overwrite(address: number, state: MailboxRecord['state'], name: Span, location: Span, acl: Span | undefined): number {
    const before = HEADER_BYTES + this.wireLength(address)
    if (sizeClass(before) !== sizeClass(recordBytes(name, location, acl))) {
      this.arena.release(address, before)
      return this.add(state, name, location, acl)
    }
    this.write(address, state, name, location, acl)
    return address
  }

  remove(address: number): void {
    this.arena.release(address, HEADER_BYTES + this.wireLength(address))
  }

  isActive(address: number): boolean {
    return (this.arena.words(address)[this.arena.wordOffset(address) + 2] & ACTIVE) !== 0
  }

  compare(probe: Probe, address: number): number {
    const words = this.arena.words(address)
    const word = this.arena.wordOffset(address)
    const nameLength = words[word + 1]
    const start = this.arena.byteOffset(address) + HEADER_BYTES + digits(nameLength) + 5
    return probe.compare(this.arena.bytes(address), start, start + nameLength, (words[word + 2] & DOMAIN) !== 0)
  }

  wireLength(address: number): number {
    return this.arena.words(address)[this.arena.wordOffset(address)]
  }

  /** @returns the record's text from the name's literal to the last line end, where it lies */
  wire(address: number): Span {
    const start = this.arena.byteOffset(address) + HEADER_BYTES
    return { bytes: this.arena.bytes(address), start, end: start + this.wireLength(address) }
  }

  copyWire(address: number, target: Uint8Array, at: number): number {
    const start = this.arena.byteOffset(address) + HEADER_BYTES
    return copyBytes(this.arena.bytes(address), start, start + this.wireLength(address), target, at)
  }

  name(address: number): Span {
    const nameLength = this.arena.words(address)[this.arena.wordOffset(address) + 1]
    const start = this.arena.byteOffset(address) + HEADER_BYTES + digits(nameLength) + 5
    return { bytes: this.arena.bytes(address), start, end: start + nameLength }
  }

  location(address: number): Span {
    const length = this.arena.words(address)[this.arena.wordOffset(address) + 2] & LENGTH_MASK
    const start = this.name(address).end + 1 + digits(length) + 5
    return { bytes: this.arena.bytes(address), start, end: start + length }
  }

  acl(address: number): Span {
    const { bytes, end } = this.wire(address)
    if (!this.isActive(address)) return { bytes, start: end, end }
    let start = this.location(address).end + 2
    let length = 0
    for (; bytes[start] !== PLUS; start++) length = length * 10 + bytes[start] - 48
    return { bytes, start: start + 4, end: start + 4 + length }
  }

  private write(
    address: number,
    state: MailboxRecord['state'],
    name: Span,
    location: Span,
    acl: Span | undefined,
  ): void {
    const words = this.arena.words(address)
    const word = this.arena.wordOffset(address)
    const nameLength = name.end - name.start
    words[word] = recordBytes(name, location, acl) - HEADER_BYTES
    words[word + 1] = nameLength
    const domain = hasDomain(name.bytes, name.start, name.end) ? DOMAIN : 0
    words[word + 2] = (location.end - location.start) | domain | (state === 'active' ? ACTIVE : 0)
    const bytes = this.arena.bytes(address)
    let at = writeLiteral(bytes, this.arena.byteOffset(address) + HEADER_BYTES, name)
    bytes[at++] = SP
    at = writeLiteral(bytes, at, location)
    if (acl !== undefined) {
      bytes[at++] = SP
      at = writeLiteral(bytes, at, acl)
    }
    bytes[at++] = CR
    bytes[at] = LF
  }
}

/** What counts as the server for PARTIAL-UPDATE: all before the first `!` (imap/mupdate.c cmd_set). */
export function serverOf(location: Span): Span {
  for (let i = location.start; i < location.end; i++) {
    if (location.bytes[i] === BANG) return { bytes: location.bytes, start: location.start, end: i }
  }
  return location
}

function recordBytes(name: Span, location: Span, acl: Span | undefined): number {
  const literals = literalBytes(name) + 1 + literalBytes(location) + 2
  return HEADER_BYTES + literals + (acl === undefined ? 0 : 1 + literalBytes(acl))
}

export function literalBytes(span: Span): number {
  const length = span.end - span.start
  return digits(length) + 5 + length
}

export function writeLiteral(target: Uint8Array, start: number, span: Span): number {
  const length = span.end - span.start
  let at = start
  target[at++] = OPEN_BRACE
  for (let digit = digits(length) - 1, rest = length; digit >= 0; digit--) {
    target[at + digit] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  at += digits(length)
  target[at++] = PLUS
  target[at++] = CLOSE_BRACE
  target[at++] = CR
  target[at++] = LF
  return copyBytes(span.bytes, span.start, span.end, target, at)
}

function digits(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  return String(value).length
}
