import { HarnessError } from '../core/errors.js'
import { ATOM, type Frame } from './frame.js'
import { DELETE, MAILBOX, RESERVE, type RecordSpan } from './record-scanner.js'

/** What a reply is, as a small number so that a dump of millions can be told apart without strings. */
export const REPLY = { other: 0, mailbox: 1, reserve: 2, delete: 3, ok: 4, no: 5, bad: 6, bye: 7, goAhead: 8 } as const
export type ReplyCode = (typeof REPLY)[keyof typeof REPLY]

/**
 * Tells a reply's kind from its second token; `+ …` is a continuation.
 *
 * @see RFC 3656 section 3 (responses)
 */
export function replyCode(frame: Frame): ReplyCode {
  if (frame.count < 2) return frame.count === 1 && frame.equals(0, '+') ? REPLY.goAhead : REPLY.other
  switch (frame.ends[1] - frame.starts[1]) {
    case 7:
      return frame.isWord(1, 'MAILBOX') ? REPLY.mailbox : frame.isWord(1, 'RESERVE') ? REPLY.reserve : continued(frame)
    case 6:
      return frame.isWord(1, 'DELETE') ? REPLY.delete : continued(frame)
    case 2:
      return frame.isWord(1, 'OK') ? REPLY.ok : frame.isWord(1, 'NO') ? REPLY.no : continued(frame)
    case 3:
      return frame.isWord(1, 'BAD') ? REPLY.bad : frame.isWord(1, 'BYE') ? REPLY.bye : continued(frame)
    default:
      return continued(frame)
  }
}

function continued(frame: Frame): ReplyCode {
  return frame.equals(0, '+') ? REPLY.goAhead : REPLY.other
}

/**
 * A record in whatever form RFC 3656 allows, as a span. Quoted strings with escapes stay as they are on the wire.
 *
 * @returns whether the frame is a record; `span` is filled in then
 */
export function recordOf(frame: Frame, code: ReplyCode, span: RecordSpan): boolean {
  const kind = code === REPLY.mailbox ? MAILBOX : code === REPLY.reserve ? RESERVE : code === REPLY.delete ? DELETE : -1
  if (kind < 0 || frame.count < 5 - kind) return false
  span.bytes = frame.bytes
  span.kind = kind as RecordSpan['kind']
  span.start = frame.start
  span.byteCount = frame.next - frame.start
  span.nameStart = frame.starts[2]
  span.nameEnd = frame.ends[2]
  span.locationStart = kind === DELETE ? 0 : frame.starts[3]
  span.locationEnd = kind === DELETE ? 0 : frame.ends[3]
  span.aclStart = kind === MAILBOX ? frame.starts[4] : 0
  span.aclEnd = kind === MAILBOX ? frame.ends[4] : 0
  return true
}

export type Reply =
  | {
      readonly kind: 'mailbox'
      readonly tag: string
      readonly name: string
      readonly location: string
      readonly acl: string
    }
  | { readonly kind: 'reserve'; readonly tag: string; readonly name: string; readonly location: string }
  | { readonly kind: 'delete'; readonly tag: string; readonly name: string }
  | {
      readonly kind: 'status'
      readonly tag: string
      readonly status: 'OK' | 'NO' | 'BAD' | 'BYE'
      readonly text: string
    }
  | { readonly kind: 'goAhead'; readonly text: string }
  | { readonly kind: 'capability'; readonly tag: string; readonly name: string; readonly values: readonly string[] }

/**
 * The whole reply as strings.
 *
 * @throws {HarnessError} `WIRE_SYNTAX` when arguments are missing
 */
export function decodeReply(frame: Frame): Reply {
  const code = replyCode(frame)
  const tag = frame.count > 0 ? frame.text(0) : ''
  switch (code) {
    case REPLY.mailbox:
      need(frame, 5)
      return { kind: 'mailbox', tag, name: frame.text(2), location: frame.text(3), acl: frame.text(4) }
    case REPLY.reserve:
      need(frame, 4)
      return { kind: 'reserve', tag, name: frame.text(2), location: frame.text(3) }
    case REPLY.delete:
      need(frame, 3)
      return { kind: 'delete', tag, name: frame.text(2) }
    case REPLY.ok:
      return { kind: 'status', tag, status: 'OK', text: statusText(frame) }
    case REPLY.no:
      return { kind: 'status', tag, status: 'NO', text: statusText(frame) }
    case REPLY.bad:
      return { kind: 'status', tag, status: 'BAD', text: statusText(frame) }
    case REPLY.bye:
      return { kind: 'status', tag, status: 'BYE', text: statusText(frame) }
    case REPLY.goAhead:
      return { kind: 'goAhead', text: frame.restOfLine(1) }
    case REPLY.other: {
      need(frame, 2)
      const values: string[] = []
      for (let i = 2; i < Math.min(frame.count, frame.starts.length); i++) values.push(frame.text(i))
      return { kind: 'capability', tag, name: frame.text(1).toUpperCase(), values }
    }
  }
}

/** Text of OK, NO, BAD, BYE; Cyrus leaves the quotes off after STARTTLS and COMPRESS, against RFC 3656. */
export function statusText(frame: Frame): string {
  if (frame.count < 3) return ''
  return frame.kinds[2] === ATOM ? frame.restOfLine(2) : frame.text(2)
}

/** @throws {HarnessError} `WIRE_SYNTAX` */
function need(frame: Frame, tokens: number): void {
  if (frame.count >= tokens && !frame.malformed) return
  throw new HarnessError(
    'WIRE_SYNTAX',
    `the master sent a line that is no MUPDATE reply: ${JSON.stringify(frame.restOfLine(0).slice(0, 80))}`,
    'check that this port is a MUPDATE master',
  )
}
