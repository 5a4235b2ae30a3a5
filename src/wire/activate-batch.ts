import type { MailboxRecord } from '../core/mailbox.js'
import { CR, LF } from './ascii.js'
import { encodeCommand } from './encode.js'

const START_BYTES = 16 * 1024
const SP = 32
const PLUS = 43
const ZERO = 48
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const VERB = Buffer.from(' ACTIVATE ', 'latin1')
/** Tag, verb, three literals' braces and line ends, with room to spare. */
const MOST_FRAMING_BYTES = 96

/**
 * ACTIVATEs by the hundred thousand, the same bytes as `encodeCommand` gives: written into memory that is used again,
 * since putting them together as strings is a quarter of a preload's CPU.
 */
export class ActivateBatch {
  private bytes: Buffer = Buffer.allocUnsafeSlow(START_BYTES)
  private length = 0
  /** Location and ACL of the last one, and where they stand: most of a user's mailboxes share them. */
  private location = ''
  private acl = ''
  private tailStart = 0
  private tailEnd = 0

  /** Its tag is `X` and the number. What is only reserved, of which there are few, gets a RESERVE. */
  add(tagNumber: number, { name, location, acl, state }: MailboxRecord): void {
    if (state === 'reserved') {
      this.addText(encodeCommand(`X${tagNumber}`, { kind: 'RESERVE', name, location }))
      return
    }
    this.makeRoom(MOST_FRAMING_BYTES + name.length + location.length + acl.length)
    const { bytes } = this
    let at = this.length
    bytes[at++] = 88
    at = writeNumber(bytes, at, tagNumber)
    for (let i = 0; i < VERB.length; i++) bytes[at++] = VERB[i]
    at = writeLiteral(bytes, at, name)
    this.length = this.writeTail(at, location, acl)
  }

  private addText(text: string): void {
    this.makeRoom(text.length)
    this.length += this.bytes.write(text, this.length, 'latin1')
  }

  private writeTail(start: number, location: string, acl: string): number {
    const { bytes, tailStart, tailEnd } = this
    if (tailEnd > tailStart && location === this.location && acl === this.acl) {
      bytes.copyWithin(start, tailStart, tailEnd)
      return start + tailEnd - tailStart
    }
    let at = start
    bytes[at++] = SP
    at = writeLiteral(bytes, at, location)
    bytes[at++] = SP
    at = writeLiteral(bytes, at, acl)
    bytes[at++] = CR
    bytes[at++] = LF
    this.location = location
    this.acl = acl
    this.tailStart = start
    this.tailEnd = at
    return at
  }

  /** Hands over what was added, where it lies, and begins anew: valid until the next {@link add}. */
  take(): Uint8Array {
    const { length } = this
    this.length = 0
    this.tailEnd = this.tailStart
    return this.bytes.subarray(0, length)
  }

  /** What {@link take} gave stays in use: the next batch gets memory of its own. */
  giveAway(): void {
    this.bytes = Buffer.allocUnsafeSlow(START_BYTES)
  }

  private makeRoom(byteCount: number): void {
    if (this.length + byteCount <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + byteCount))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }
}

function writeLiteral(bytes: Buffer, start: number, text: string): number {
  let at = start
  bytes[at++] = OPEN_BRACE
  at = writeNumber(bytes, at, text.length)
  bytes[at++] = PLUS
  bytes[at++] = CLOSE_BRACE
  bytes[at++] = CR
  bytes[at++] = LF
  return at + bytes.write(text, at, 'latin1')
}

function writeNumber(bytes: Buffer, start: number, value: number): number {
  let digits = 1
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++
  for (let i = digits - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 10))
    bytes[start + i] = ZERO + (rest % 10)
  return start + digits
}
