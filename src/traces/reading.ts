import type { MailboxRecord } from '../core/mailbox.js'
import { ATOM, type Frame } from '../wire/frame.js'
import { REPLY, replyCode } from '../wire/reply.js'
import { clientCommand } from './client-command.js'
import { Cutter } from './cutter.js'
import { isInput, MARKER_BYTES, secondOf } from './marker.js'
import type { Answer, TracedCommand } from './trace.js'

/** What was said on a connection. */
export type TelemetryEvent =
  | {
      readonly kind: 'command'
      readonly atS: number
      readonly tag: string
      readonly verb: string
      /** Undefined where it is no part of a replay. */
      readonly command: TracedCommand | undefined
      readonly isPipelined: boolean
    }
  | { readonly kind: 'answer'; readonly tag: string; readonly status: Answer }
  /** MAILBOX or RESERVE. */
  | { readonly kind: 'record'; readonly atS: number; readonly tag: string; readonly record: MailboxRecord }

/** lib/prot.h PROT_BUFSIZE: what has more ends a piece there, others end where they were sent or received. */
const BUFFER_BYTES = 4096
/** A clock may be set back a little, and a connection may be silent for days: what else looks like a marker is none. */
const BACK_S = 60
const AHEAD_S = 30 * 86_400

const STATUS: Partial<Record<number, Answer>> = { [REPLY.ok]: 'OK', [REPLY.no]: 'NO', [REPLY.bad]: 'BAD' }

/**
 * One way to read a log, up to a place in it. Where a string holds what looks like a marker there are two: it is one, or it
 * is part of a name. By the counts of literals one of them soon makes no sense.
 */
export class Reading {
  /** Where it stands in the bytes that are being read. */
  at = 0
  events: TelemetryEvent[] = []
  /** Whose line made no sense, or whether time went back. */
  brokenBy: 'client' | 'master' | 'clock' | undefined
  /** Of ways that make sense, the one with the least is taken. */
  unlikeliness = 0
  /** Of the marker before. */
  second: number | undefined
  private input = new Cutter()
  private output = new Cutter()
  private isInput = false
  /** Bytes of the piece so far. */
  private pieceBytes = 0
  /** The command whose end has not come. */
  private begun: { readonly atS: number; readonly isPipelined: boolean } | undefined
  /** Commands that have no answer. */
  private waiting = 0

  private copy(): Reading {
    const copy = new Reading()
    copy.at = this.at
    copy.events = [...this.events]
    copy.brokenBy = this.brokenBy
    copy.unlikeliness = this.unlikeliness
    copy.pieceBytes = this.pieceBytes
    copy.second = this.second
    copy.input = this.input.copy()
    copy.output = this.output.copy()
    copy.isInput = this.isInput
    copy.begun = this.begun
    copy.waiting = this.waiting
    return copy
  }

  /** Neither side is in the middle of a line. */
  get isBetween(): boolean {
    return this.input.isBetween && this.output.isBetween
  }

  /** The client was cut off in a command. */
  get isCutOff(): boolean {
    return !this.input.isBetween
  }

  /** In a string what looks like a marker may be part of it; everywhere else it is one. */
  get isInString(): boolean {
    return this.way.place === 'string'
  }

  /** Also where a string has just turned out to be of another length. */
  get makesNoSense(): boolean {
    return this.brokenBy !== undefined || this.input.place === 'broken' || this.output.place === 'broken'
  }

  mayBe(second: number): boolean {
    return this.second === undefined || (second >= this.second - BACK_S && second <= this.second + AHEAD_S)
  }

  /** Both go on alike from here, whatever comes. */
  isAs(other: Reading): boolean {
    return (
      this.isBetween &&
      other.isBetween &&
      this.at === other.at &&
      this.isInput === other.isInput &&
      this.second === other.second &&
      this.waiting === other.waiting
    )
  }

  /** What lies up to `limit`, and is no marker. */
  read(bytes: Uint8Array, limit: number): void {
    if (limit <= this.at) return
    const piece = bytes.subarray(this.at, limit)
    this.at = limit
    this.pieceBytes += piece.length
    try {
      this.way.feed(piece, this.isInput ? this.takeCommand : this.takeReply)
    } catch {
      // A literal longer than any: its count is none.
      this.brokenBy = this.isInput ? 'client' : 'master'
    }
    if (this.isInput && !this.input.isBetween) this.begun ??= this.now()
  }

  /** The marker that it stands at. */
  takeMarker(bytes: Uint8Array): void {
    // A full buffer ends anywhere, and few pieces are as long by chance; what was sent in one go seldom ends in a string.
    if (this.pieceBytes === BUFFER_BYTES) this.unlikeliness -= 4
    else if (this.isInString) this.unlikeliness += 1
    const second = secondOf(bytes, this.at)
    if (this.second !== undefined && second < this.second) this.brokenBy = 'clock'
    this.second = second
    this.isInput = isInput(bytes, this.at)
    this.pieceBytes = 0
    this.at += MARKER_BYTES
  }

  /** The way in which what it stands at is part of a string. Names like that are rare. */
  otherwise(): Reading {
    const copy = this.copy()
    copy.unlikeliness += 2
    return copy
  }

  /** Goes on at the next line: there is no better way to read this. */
  forgive(): void {
    if (this.input.place === 'broken') {
      this.input = new Cutter()
      this.begun = undefined
    }
    if (this.output.place === 'broken') this.output = new Cutter()
    this.brokenBy = undefined
  }

  private get way(): Cutter {
    return this.isInput ? this.input : this.output
  }

  private now() {
    return { atS: this.second ?? 0, isPipelined: this.waiting > 0 }
  }

  private readonly takeCommand = (frame: Frame): void => {
    const { atS, isPipelined } = this.begun ?? this.now()
    this.begun = undefined
    const said = clientCommand(frame)
    if (said === undefined) {
      this.brokenBy = 'client'
      return
    }
    this.waiting++
    this.events.push({ kind: 'command', atS, isPipelined, ...said })
  }

  private readonly takeReply = (frame: Frame): void => {
    const code = replyCode(frame)
    const tag = frame.count > 0 ? frame.text(0) : ''
    const status = STATUS[code]
    if (status !== undefined && tag !== '*') {
      // Of the first, that to the login, the command is not in the log.
      this.waiting = Math.max(0, this.waiting - 1)
      this.events.push({ kind: 'answer', tag, status })
    } else if (code === REPLY.mailbox || code === REPLY.reserve) this.takeRecord(frame, tag, code === REPLY.mailbox)
    else if (code === REPLY.other && tag !== '*') this.brokenBy = 'master'
  }

  private takeRecord(frame: Frame, tag: string, isActive: boolean): void {
    if (frame.count !== (isActive ? 5 : 4) || frame.kinds[2] === ATOM || frame.kinds[3] === ATOM) {
      this.brokenBy = 'master'
      return
    }
    const record: MailboxRecord = {
      name: frame.text(2),
      location: frame.text(3),
      acl: isActive ? frame.text(4) : '',
      state: isActive ? 'active' : 'reserved',
    }
    this.events.push({ kind: 'record', atS: this.second ?? 0, tag, record })
  }
}
