import { HarnessError } from '../../core/errors.js'
import { CR, LF } from '../../wire/ascii.js'
import { DEFAULT_LIMITS, STRANGER_LIMITS, type WireLimits } from '../../wire/limits.js'
import type { Span } from './span.js'

export const UNRECOGNIZED = '"Unrecognized command"'

/** Not all of the command has arrived. */
export const INCOMPLETE = -1

const EOF = -1
const SP = 32
const DQUOTE = 34
const PLUS = 43
const BACKSLASH = 92
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** imap/imapparse.c's limit for a word and for a quoted string, 128 kB; there it ends the process. */
const MAX_WORD_BYTES = 131_072
/** Every reply begins with it, and so does every record of a list. */
const MAX_TAG_BYTES = 1024
/** imap/mupdate.c docmd: "limit on number of processed hosts" */
const MAX_HOSTS = 30

/** Arguments a command must have and may have. UPDATE takes hosts and has rules of its own. */
const ARGUMENTS = {
  ACTIVATE: [3, 3],
  AUTHENTICATE: [1, 2],
  COMPRESS: [1, 1],
  DEACTIVATE: [2, 2],
  DELETE: [1, 1],
  FIND: [1, 1],
  LIST: [0, 1],
  LOGOUT: [0, 0],
  NOOP: [0, 0],
  RESERVE: [2, 2],
  STARTTLS: [0, 0],
  UPDATE: [0, MAX_HOSTS],
} as const
export type Verb = keyof typeof ARGUMENTS

/** What depends on the master. */
export interface Grammar {
  /** Those of all commands that it does not know. */
  readonly unknown?: readonly Verb[]
  /** What it says, after BAD, of those that need a login first. */
  readonly loginFirst?: string
  readonly limits?: WireLimits
}

/** Commands beginning with one of these are looked at only after login (the `switch` of docmd). */
const NEEDS_LOGIN = new Set('ADFLNRU')

/**
 * One command, read as `docmd` of imap/mupdate.c reads it: character by character with getword, getstring and eatline,
 * since its replies to odd input follow from that. Arguments are quoted strings or literals, never atoms; one space
 * parts them.
 */
export class CommandParser {
  tag = ''
  verb: Verb | undefined
  /** The reply when it is no command that could be carried out. */
  problem: string | undefined
  args: Span[] = []
  /** Synchronising literals met so far, also when the result is {@link INCOMPLETE}: each is owed a `+ go ahead`. */
  goAheads = 0
  /** Bytes below which parsing again is pointless. */
  needed = 0
  private readonly unknown: readonly Verb[]
  private readonly loginFirst: string
  private readonly friendLimits: WireLimits
  /** Of who speaks. */
  private limits: WireLimits
  private bytes: Uint8Array = new Uint8Array(0)
  private start = 0
  private at = 0
  private limit = 0
  private short = false
  private word = ''
  private value: Span = { bytes: this.bytes, start: 0, end: 0 }

  constructor({ unknown = [], loginFirst = '"Please login first"', limits = DEFAULT_LIMITS }: Grammar = {}) {
    this.unknown = unknown
    this.loginFirst = loginFirst
    this.friendLimits = limits
    this.limits = limits
  }

  /**
   * @returns offset just past the command's line, or {@link INCOMPLETE}
   * @throws {HarnessError} `WIRE_LIMIT`
   */
  parse(bytes: Uint8Array, start: number, limit: number, loggedIn: boolean): number {
    this.bytes = bytes
    this.start = start
    this.at = start
    this.limit = limit
    this.short = false
    this.goAheads = 0
    this.needed = 0
    this.args = []
    this.problem = undefined
    this.limits = loggedIn ? this.friendLimits : STRANGER_LIMITS
    this.command(loggedIn)
    if (this.problem !== undefined && !this.short) this.verb = undefined
    if (!this.short) return this.at
    if (limit - start > this.limits.maxFrameBytes) throw tooLong('a command', limit - start)
    return INCOMPLETE
  }

  private command(loggedIn: boolean): void {
    let ch = this.getWord()
    this.tag = this.word
    if (this.tag.length > MAX_TAG_BYTES) throw tooLong('a tag', this.tag.length)
    if (ch !== SP) {
      this.refuse('* BAD "Need command"', ch)
      return
    }
    ch = this.getWord()
    const verb = this.word.toUpperCase()
    this.verb = isVerb(verb) ? verb : undefined
    const problem = this.verbProblem(verb, loggedIn)
    if (problem !== undefined) this.refuse(`${this.tag} BAD ${problem}`, ch)
    else if (verb === 'UPDATE') this.hosts(ch)
    else this.arguments(this.verb!, ch)
  }

  private verbProblem(verb: string, loggedIn: boolean): string | undefined {
    if (verb === '') return '"Null command"'
    const open = loggedIn || verb === 'AUTHENTICATE' || verb === 'LOGOUT'
    if (!open && NEEDS_LOGIN.has(verb[0])) return this.loginFirst
    return isVerb(verb) && !this.unknown.includes(verb) ? undefined : UNRECOGNIZED
  }

  private arguments(verb: Verb, first: number): void {
    const [least, most] = ARGUMENTS[verb]
    let ch = first
    while (ch === SP && this.args.length < most) {
      ch = this.getString()
      this.args.push(this.value)
      if (ch !== SP && this.args.length < least) break
    }
    if (this.args.length < least) this.refuse(`${this.tag} BAD "Missing arguments"`, ch)
    else this.lineEnd(ch)
  }

  private hosts(first: number): void {
    let ch = first
    while (ch === SP) {
      ch = this.getString()
      const empty = this.value.end === this.value.start
      if (empty || this.args.length === MAX_HOSTS) {
        this.refuse(`${this.tag} BAD "${empty ? 'Badly formed arguments' : 'Extra arguments'}"`, ch)
        return
      }
      this.args.push(this.value)
    }
    this.lineEnd(ch)
  }

  /** CHECKNEWLINE */
  private lineEnd(first: number): void {
    const ch = first === CR ? this.get() : first
    if (ch !== LF) this.refuse(`${this.tag} BAD "Extra arguments"`, ch)
  }

  private refuse(problem: string, ch: number): void {
    this.problem = problem
    this.eatLine(ch)
  }

  private get(): number {
    if (this.at < this.limit) return this.bytes[this.at++]
    this.short = true
    return EOF
  }

  /** Cyrus's helpers say EOF for a character they did not expect, after putting it back. */
  private unget(): typeof EOF {
    if (!this.short) this.at--
    return EOF
  }

  /** @returns the character that ended it; the word, up to a NUL as in C, is left in `word` */
  private getWord(): number {
    const start = this.at
    let end = EOF
    for (;;) {
      const ch = this.get()
      if (ch === EOF || endsWord(ch)) {
        this.word = text(this.bytes, start, end !== EOF ? end : ch === EOF ? this.at : this.at - 1)
        return ch
      }
      if (ch === 0 && end === EOF) end = this.at - 1
      if (this.at - start > MAX_WORD_BYTES) throw tooLong('a word', this.at - start)
    }
  }

  /** @returns the character after it, or EOF when this is no string; its bytes are left in `value` */
  private getString(): number {
    this.value = { bytes: this.bytes, start: this.at, end: this.at }
    const ch = this.get()
    if (ch === DQUOTE) return this.quoted()
    if (ch === OPEN_BRACE) return this.literal()
    return this.unget()
  }

  private quoted(): number {
    const start = this.at
    let escaped = false
    for (;;) {
      const ch = this.get()
      if (ch === BACKSLASH) {
        escaped = true
        this.get()
      } else if (ch === DQUOTE) {
        this.value = unescaped(this.bytes, start, this.at - 1, escaped)
        return this.get()
      } else if (ch === EOF) return EOF
      else if (ch === CR || ch === LF) return this.unget()
      if (this.at - start > MAX_WORD_BYTES) throw tooLong('a quoted string', this.at - start)
    }
  }

  private literal(): number {
    const firstDigit = this.at
    let length = 0
    let ch = this.get()
    for (; ch >= 48 && ch <= 57; ch = this.get()) {
      length = length * 10 + ch - 48
      if (length > this.limits.maxLiteralBytes) throw tooLong('a literal', length)
    }
    if (this.at - 1 === firstDigit) return this.unget()
    const waits = ch !== PLUS
    if (!waits) ch = this.get()
    if (ch !== CLOSE_BRACE) return this.unget()
    if (this.get() !== CR) return this.unget()
    if (this.get() !== LF) return this.unget()
    if (this.at + length - this.start > this.limits.maxFrameBytes)
      throw tooLong('a command', this.at + length - this.start)
    if (waits) this.goAheads++
    const start = this.at
    if (start + length >= this.limit) {
      this.short = true
      this.needed = start + length + 1 - this.start
      return EOF
    }
    this.at += length
    for (let i = start; i < this.at; i++) if (this.bytes[i] === 0) return EOF
    this.value = { bytes: this.bytes, start, end: this.at }
    return this.get()
  }

  /** To the end of the line, over literals that need no go-ahead. */
  private eatLine(first: number): void {
    let ch = first
    while (ch !== LF && !this.short) ch = ch === OPEN_BRACE ? this.eatLiteral() : this.get()
  }

  private eatLiteral(): number {
    let length = 0
    let ch = this.get()
    for (; ch >= 48 && ch <= 57; ch = this.get()) length = length * 10 + ch - 48
    if (ch !== PLUS) return ch
    ch = this.get()
    if (ch !== CLOSE_BRACE) return ch
    ch = this.get()
    if (ch === CR) ch = this.get()
    if (ch !== LF) return ch
    if (this.at + length - this.start > this.limits.maxFrameBytes) throw tooLong('a literal', length)
    if (this.at + length > this.limit) {
      this.short = true
      this.needed = this.at + length + 1 - this.start
      return EOF
    }
    this.at += length
    return this.get()
  }
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(ARGUMENTS, word)
}

/** isspace() of the C locale, parentheses, or a double quote. */
function endsWord(ch: number): boolean {
  return ch === SP || (ch >= 9 && ch <= 13) || ch === 40 || ch === 41 || ch === DQUOTE
}

/** Without escapes, up to a NUL as in C. */
function unescaped(bytes: Uint8Array, start: number, end: number, escaped: boolean): Span {
  let span: Span = { bytes, start, end }
  if (escaped) {
    const copy: number[] = []
    for (let i = start; i < end; i++) copy.push(bytes[bytes[i] === BACKSLASH && i + 1 < end ? ++i : i])
    span = { bytes: Uint8Array.from(copy), start: 0, end: copy.length }
  }
  for (let i = span.start; i < span.end; i++) if (span.bytes[i] === 0) return { ...span, end: i }
  return span
}

function text(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 16) return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
  let word = ''
  for (let i = start; i < end; i++) word += String.fromCharCode(bytes[i])
  return word
}

export function tooLong(what: string, byteCount: number): HarnessError {
  return new HarnessError('WIRE_LIMIT', `${what} of ${byteCount} bytes or more`, 'the peer is broken or hostile')
}
