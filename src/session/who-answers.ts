import { isHarnessError } from '../core/errors.js'
import type { Answer } from '../metrics/doctor-result.js'
import { MAX_BANNER_BYTES } from '../wire/limits.js'
import { REPLY, replyCode, statusText } from '../wire/reply.js'
import { FrameScanner } from '../wire/scanner.js'
import { type Banner, BannerReader } from './banner.js'

/** What first bytes tell of who sent them. */
export type FirstBytes = Extract<Answer, { kind: 'mupdate' | 'bye' | 'other' }>

const MOST_SHOWN = 60
const ASTERISK = 42

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
 * Reads what a port says first, up to the end of a MUPDATE banner (RFC 3656 section 3.8).
 *
 * @param isAll nothing more will come
 * @returns undefined as long as it can still be anything
 */
export function whoAnswers(bytes: Buffer, isAll: boolean): FirstBytes | undefined {
  try {
    return byFrames(bytes) ?? (isAll && bytes.length > 0 ? other(bytes) : tooMuch(bytes))
  } catch (error) {
    // Another protocol's line, or one larger than any of a banner.
    if (isHarnessError(error)) return other(bytes)
    throw error
  }
}

function byFrames(bytes: Buffer): FirstBytes | undefined {
  const scanner = new FrameScanner()
  const reader = new BannerReader('')
  scanner.feed(bytes)
  while (scanner.next()) {
    const { frame } = scanner
    const code = replyCode(frame)
    if (frame.count === 0) continue
    if (frame.equals(0, '*') && (code === REPLY.bye || code === REPLY.no))
      return { kind: 'bye', text: statusText(frame) }
    const banner = reader.take(frame)
    if (banner !== undefined) return { kind: 'mupdate', banner: plain(banner) }
  }
  // What cannot become a banner any more.
  return bytes.length > 0 && bytes[0] !== ASTERISK ? other(bytes) : undefined
}

function plain({ capabilities, ...banner }: Banner): Extract<FirstBytes, { kind: 'mupdate' }>['banner'] {
  const offered = [...capabilities].map(([name, values]): [string, string[]] => [name, [...values]])
  return { ...banner, capabilities: Object.fromEntries(offered) }
}

function tooMuch(bytes: Buffer): FirstBytes | undefined {
  return bytes.length > MAX_BANNER_BYTES ? other(bytes) : undefined
}

function other(bytes: Buffer): FirstBytes {
  const line = bytes.toString('latin1', 0, 200).split(/\r?\n/)[0]!
  const what = OTHERS.find(([form]) => form.test(line))?.[1] ?? 'something else'
  return { kind: 'other', what, line: line.slice(0, MOST_SHOWN) }
}
