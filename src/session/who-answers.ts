import { isHarnessError } from '../core/errors.js'
import type { Answer } from '../metrics/doctor-result.js'
import { decodeReply, REPLY, replyCode, statusText } from '../wire/reply.js'
import { FrameScanner } from '../wire/scanner.js'

/** What first bytes tell of who sent them. */
export type FirstBytes = Extract<Answer, { kind: 'mupdate' | 'bye' | 'other' }>

/** More than any banner has. */
const MOST_BYTES = 64 * 1024
const MOST_SHOWN = 60

/** Who else is met on a port, by how his first line begins. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^HTTP\//, 'an HTTP server'],
  [/^\* (OK|PREAUTH|BYE) /i, 'an IMAP server'],
  [/^\+OK/, 'a POP3 server'],
  [/^220[ -]/, 'an SMTP, LMTP or FTP server'],
  [/^SSH-/, 'an SSH server'],
  [/^"IMPLEMENTATION"/i, 'a ManageSieve server'],
  // An alert of TLS: 0x15, then its version.
  [/^\x15\x03/, 'a server that speaks TLS'],
]

/**
 * Reads what a port says first, up to the end of a MUPDATE banner (RFC 3656 section 4; Cyrus sends `* OK MUPDATE` last).
 *
 * @param isAll nothing more will come
 * @returns undefined as long as it can still be anything
 */
export function whoAnswers(bytes: Buffer, isAll: boolean): FirstBytes | undefined {
  try {
    return byFrames(bytes) ?? (isAll && bytes.length > 0 ? other(bytes) : tooMuch(bytes))
  } catch (error) {
    // A line, or a literal, larger than any of a banner.
    if (isHarnessError(error)) return other(bytes)
    throw error
  }
}

function byFrames(bytes: Buffer): FirstBytes | undefined {
  const scanner = new FrameScanner()
  scanner.feed(bytes)
  const capabilities: Record<string, string[]> = {}
  while (scanner.next()) {
    const { frame } = scanner
    if (frame.count === 0) continue
    const code = replyCode(frame)
    if (frame.count < 2 || !frame.equals(0, '*')) return other(bytes)
    if (code === REPLY.bye || code === REPLY.no) return { kind: 'bye', text: statusText(frame) }
    if (code === REPLY.ok) {
      if (frame.count < 6 || !frame.isWord(2, 'MUPDATE')) return other(bytes)
      const [host, product, version, role] = [3, 4, 5, 6].map(i => (i < frame.count ? frame.text(i) : ''))
      return { kind: 'mupdate', banner: { host, product, version, role, capabilities: { ...capabilities } } }
    }
    const reply = decodeReply(frame)
    if (reply.kind !== 'capability') return other(bytes)
    capabilities[reply.name] = [...reply.values]
  }
  // What cannot become a banner any more.
  return /^(\*|$)/.test(bytes.toString('latin1', 0, 1)) ? undefined : other(bytes)
}

function tooMuch(bytes: Buffer): FirstBytes | undefined {
  return bytes.length > MOST_BYTES ? other(bytes) : undefined
}

function other(bytes: Buffer): FirstBytes {
  const line = bytes.toString('latin1', 0, 200).split(/\r?\n/)[0]!
  const what = OTHERS.find(([form]) => form.test(line))?.[1] ?? 'something else'
  return { kind: 'other', what, line: line.slice(0, MOST_SHOWN) }
}
