import { LF, NO_BYTES } from '../wire/ascii.js'
import { latin1 } from '../wire/frame.js'
import { DEFAULT_LIMITS } from '../wire/limits.js'
import { BLINDING, isHidden } from './blinding.js'

/** What the recorder says in the place of the master: a refusal, or that it waits for the literal of what it will refuse. */
export interface OwnReply {
  readonly tag: string
  readonly verb: string
  readonly goAhead?: true
}

/** What the master has said so far, as far as a client's lines depend on it. */
export interface HeardOfMaster {
  readonly isLoggedIn: boolean
  /** How many literals it has said that it waits for. */
  readonly goneAhead: number
  /** How many challenges of logins. */
  readonly challenges: number
}

export interface Passed {
  /** What the master gets now. */
  readonly bytes: Uint8Array
  readonly replies: readonly OwnReply[]
  /** The client may have said what blinds, and the master may take it for that: nothing more passes. */
  readonly isBlinded: boolean
}

/** A tag that is longer belongs to no client; what begins with one is not held. */
const MOST_HELD_TAG = 256
/** So much of a line says whether it blinds; imap/imapparse.c takes words that are longer, but no command has them. */
const MOST_WATCHED = 1 << 16
/** A line that is not whole: its first word, and its second. */
const BEGUN = /^ *([^ "{]*)(?: +([^ \r]*))?/
/** imap/mupdate.c compares up to a NUL. */
const BLINDS = new RegExp(`^ *([^ "\\n][^ \\n]*) +(${BLINDING.join('|')})(?=[ \\r\\n\\0])`, 'i')

const ANNOUNCES = /\{(\d*)(\+?)\}\r?\n$/
const STRINGS = String.raw`(?: +(?:"(?:[^"\\\r\n]|\\[^\r\n])*"|[^ "{\r\n][^ \r\n]*))* +\{\d+\+?\}\r\n$`
/**
 * A line behind which every master takes the literal: Cyrus for an argument (getstring), or as what its `eatline` skips with a
 * command that it does not take. In the place of a tag or a verb it is none, there (imap/imapparse.c getword).
 */
const BEGINS = new RegExp(String.raw`^ *[^ "{\r\n][^ \r\n]* +[^ "{\r\n][^ \r\n]*${STRINGS}`)
/** A response to a challenge (imap/saslclient.c). */
const RESPONDS = /^\{\d+\+?\}\r\n$/
/** The same, behind a literal. */
const GOES_ON = new RegExp(`^${STRINGS}`)
/** What `eatline` takes for the beginning of a literal, and others do not. */
const HALF_ANNOUNCES = /\{\d*\+\}\r(?!\n)/

/**
 * Keeps from a master the commands that {@link BLINDING} says, wherever chunks break. Of all else nothing is held but the
 * beginning of a line that may still become one of them. Where lines and literals begin is only known while every master sees it
 * alike; behind anything else each line that would blind, if it is one, is the last.
 */
export class CommandGate {
  /** It is not known any more what is a line, and what a literal. */
  private isLost = false
  private isBlinded = false
  /** Of the line that is not whole: what has come of it, and how much of that the master has. */
  private line = ''
  private passed = 0
  /** The line goes on behind a literal, of which so many bytes are to come. */
  private goesOn = false
  private literal = 0
  /** The literal comes once the master has said so more often than this. */
  private waits: number | undefined
  /** Challenges that have their response. */
  private responded = 0
  /** The command that does not reach the master. */
  private struck: OwnReply | undefined
  private kept: Uint8Array[] = []
  private replies: OwnReply[] = []

  pass(chunk: Uint8Array, heard: HeardOfMaster): Passed {
    this.kept = []
    this.replies = []
    for (let at = 0; at < chunk.length && !this.isBlinded; ) at += this.take(chunk.subarray(at), heard)
    const { isBlinded, kept, replies } = this
    return { bytes: kept.length === 1 ? kept[0]! : Buffer.concat(kept), replies, isBlinded }
  }

  /** The client says no more. @returns what was held */
  end(): Uint8Array {
    return this.struck || this.isBlinded ? NO_BYTES : Buffer.from(this.line.slice(this.passed), 'latin1')
  }

  /** @returns how many bytes were taken */
  private take(bytes: Uint8Array, heard: HeardOfMaster): number {
    // A client that does not wait is told something else, or will be.
    if (this.waits !== undefined && heard.goneAhead <= this.waits) this.lose()
    this.waits = undefined
    if (this.literal > 0) {
      const some = bytes.subarray(0, this.literal)
      if (this.struck === undefined) this.keep(some)
      this.literal -= some.length
      return some.length
    }
    if (this.line === '' && !this.goesOn && isHidden(bytes[0], heard.isLoggedIn)) this.lose()
    const lf = bytes.indexOf(LF)
    const piece = lf < 0 ? bytes : bytes.subarray(0, lf + 1)
    this.line += latin1(piece, 0, piece.length)
    if (this.line.length > DEFAULT_LIMITS.maxFrameBytes) this.lose()
    const isWhole = lf >= 0
    if (this.isLost) this.isBlinded = BLINDS.test(this.line)
    else if (isWhole) this.takeLine(heard)
    if (this.isBlinded || (!isWhole && this.isHeld())) return piece.length
    if (this.struck === undefined && this.passed < this.line.length) this.keep(this.unpassed(piece))
    if (isWhole) this.nextLine()
    else if (this.isLost) this.line = this.line.slice(0, MOST_WATCHED)
    this.passed = this.line.length
    return piece.length
  }

  /** What lies behind what was kept before is one with it: most chunks go on as they came. */
  private keep(bytes: Uint8Array): void {
    const last = this.kept.at(-1)
    if (last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset)
      this.kept[this.kept.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length)
    else this.kept.push(bytes)
  }

  private unpassed(piece: Uint8Array): Uint8Array {
    const count = this.line.length - this.passed
    return count === piece.length ? piece : Buffer.from(this.line.slice(this.passed), 'latin1')
  }

  private nextLine(): void {
    this.line = ''
    if (!this.goesOn) this.struck = undefined
  }

  private isHeld(): boolean {
    return !this.isLost && !this.goesOn && this.passed === 0 && mayBecomeBlinding(this.line)
  }

  private lose(): void {
    this.isLost = true
    this.goesOn = false
    this.literal = 0
  }

  private takeLine({ goneAhead, challenges }: HeardOfMaster): void {
    const [, digits, plus] = (this.line.includes('{') && ANNOUNCES.exec(this.line)) || []
    const isFirst = !this.goesOn
    const isResponse = isFirst && challenges > this.responded && RESPONDS.test(this.line)
    if (isFirst) this.responded = challenges
    const [, tag, verb] = (isFirst && BLINDS.exec(this.line)) || []
    if (tag !== undefined) {
      // Of a tag that was too long to be held the master has the beginning.
      if (this.passed > 0) this.isBlinded = true
      else this.struck = { tag, verb: verb!.toUpperCase() }
    }
    this.goesOn = false
    const { line, struck } = this
    if (struck !== undefined) {
      this.goesOn = digits !== undefined && digits !== ''
      this.literal = Number(digits ?? 0)
      if (!this.goesOn) this.replies.push(struck)
      else if (plus === '') this.replies.push({ ...struck, goAhead: true })
      return
    }
    if (digits === undefined && !isUnlike(line)) return
    this.goesOn = (isResponse || (isFirst ? BEGINS : GOES_ON).test(line)) && !isUnlike(line)
    if (!this.goesOn || Number(digits) > DEFAULT_LIMITS.maxLiteralBytes) {
      this.lose()
      return
    }
    this.literal = Number(digits)
    if (plus === '') this.waits = goneAhead
  }
}

/** Its end is not where all masters see it: behind it may be a quote that goes on, or a literal. */
function isUnlike(line: string): boolean {
  return (line.endsWith('\\\n') && line.includes('"')) || (line.includes('{') && HALF_ANNOUNCES.test(line))
}

function mayBecomeBlinding(line: string): boolean {
  if (line.length === 0) return false
  const text = line.slice(0, 2 * MOST_HELD_TAG)
  const [whole, tag, verb] = BEGUN.exec(text)!
  if (tag!.length > MOST_HELD_TAG || (tag === '' && whole !== text)) return false
  if (verb === undefined) return whole === text
  const word = verb.toUpperCase()
  return whole === text
    ? BLINDING.some(blinding => blinding.startsWith(word))
    : BLINDING.some(blinding => blinding === word)
}
