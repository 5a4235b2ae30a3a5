import { HarnessError } from '../core/errors.js'
import { printable } from '../core/printable.js'
import type { Frame } from '../wire/frame.js'
import { MAX_BANNER_BYTES } from '../wire/limits.js'
import { decodeReply, REPLY, replyCode, statusText } from '../wire/reply.js'

/**
 * For a port that stays silent: HTTP servers refuse it at once (they skip empty lines, and wait on), while a master that was
 * merely slow answers it after its banner, by its tag.
 */
export const NUDGE_TAG = 'P0'
export const NUDGE = `${NUDGE_TAG} NOOP\r\n`

export interface Banner {
  readonly host: string
  readonly product: string
  readonly version: string
  /** `(master)`, or `mupdate://master` when a slave answers. */
  readonly role: string
  /** Names of capabilities with their values: AUTH, STARTTLS, COMPRESS, PARTIAL-UPDATE. */
  readonly capabilities: ReadonlyMap<string, readonly string[]>
}

/** @see RFC 3656 section 3.8: `* OK MUPDATE` is the last line */
export class BannerReader {
  private readonly capabilities = new Map<string, readonly string[]>()
  private byteCount = 0

  constructor(private readonly where: string) {}

  /**
   * @returns the banner, when this was its last line
   * @throws {HarnessError} `MASTER_NOT_MUPDATE`, `MASTER_BYE`, `WIRE_LIMIT`
   */
  take(frame: Frame): Banner | undefined {
    const { capabilities } = this
    const code = replyCode(frame)
    this.byteCount += frame.next - frame.start
    if (this.byteCount > MAX_BANNER_BYTES) throw endless(this.where)
    if (frame.count < 2 || !frame.equals(0, '*')) throw notMupdate(this.where, frame.restOfLine(0))
    if (code === REPLY.bye || code === REPLY.no) throw bye(this.where, statusText(frame))
    if (code !== REPLY.ok) {
      const reply = decodeReply(frame)
      if (reply.kind === 'capability') capabilities.set(reply.name, reply.values)
      return undefined
    }
    if (frame.count < 6 || !frame.isWord(2, 'MUPDATE')) throw notMupdate(this.where, frame.restOfLine(0))
    const [host, product, version] = [3, 4, 5].map(i => printable(frame.text(i)))
    const role = frame.count > 6 ? printable(frame.text(6)) : ''
    return { host, product, version, role, capabilities }
  }
}

/** A banner that is on its way. */
export class Greeting {
  readonly banner: Promise<Banner>
  /** To be called when it cannot come any more. */
  lose!: (error: HarnessError) => void
  private complete!: (banner: Banner) => void
  private readonly reader: BannerReader

  constructor(where: string) {
    this.reader = new BannerReader(where)
    this.banner = new Promise((resolve, reject) => {
      this.complete = resolve
      this.lose = reject
    })
    // It may be lost before anybody waits for it.
    this.banner.catch(() => {})
  }

  /**
   * @returns whether that was its last line
   * @throws {HarnessError} `MASTER_NOT_MUPDATE`, `MASTER_BYE`
   */
  take(frame: Frame): boolean {
    const banner = this.reader.take(frame)
    if (banner !== undefined) this.complete(banner)
    return banner !== undefined
  }
}

export function bye(where: string, text: string): HarnessError {
  return new HarnessError(
    'MASTER_BYE',
    `${where} said BYE: ${printable(text)}`,
    'it may be at its mupdate_connections_max',
  )
}

function endless(where: string): HarnessError {
  return new HarnessError(
    'WIRE_LIMIT',
    `the banner of ${where} goes on after ${MAX_BANNER_BYTES} bytes`,
    'give the port of a MUPDATE master (usually 3905)',
  )
}

function notMupdate(where: string, line: string): HarnessError {
  const what = line.startsWith('HTTP/') ? 'an HTTP server' : 'something else than a MUPDATE master'
  return new HarnessError(
    'MASTER_NOT_MUPDATE',
    `${what} answers on ${where}: ${JSON.stringify(line.slice(0, 60))}`,
    'give the port of a MUPDATE master (usually 3905)',
  )
}

/** What a server that expects TLS answers anything else with (RFC 8446 section 5.1): an alert. */
export function isTlsAlert(bytes: Uint8Array, count: number): boolean {
  return count >= 2 && bytes[0] === 21 && bytes[1] === 3
}

export function onlyTls(where: string): HarnessError {
  return new HarnessError('MASTER_NOT_MUPDATE', `${where} expects TLS from the first byte on`, `write mupdates://…`)
}
