import { chmodSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { SYSLOG_PREFIX } from './config.js'

/** A message never ends: what came without an end is handed on in pieces of this size. */
const LONGEST_MESSAGE_BYTES = 65_536

/** Splits a stream of syslog messages; glibc ends each with NUL on a stream socket (misc/syslog.c, LogType). */
export class SyslogFraming {
  private rest: Buffer<ArrayBufferLike> = Buffer.alloc(0)

  /** @returns the messages that are complete now, cleaned by {@link syslogLine} */
  push(bytes: Uint8Array): string[] {
    let input = Buffer.concat([this.rest, bytes])
    const lines: string[] = []
    for (let end = input.indexOf(0); end !== -1; end = input.indexOf(0)) {
      lines.push(...messageLines(input.subarray(0, end)))
      input = input.subarray(end + 1)
    }
    if (input.length > LONGEST_MESSAGE_BYTES) {
      lines.push(...messageLines(input))
      input = Buffer.alloc(0)
    }
    this.rest = input
    return lines
  }
}

function messageLines(message: Uint8Array): string[] {
  const line = syslogLine(Buffer.from(message).toString('utf8'))
  return line === '' ? [] : [line]
}

/** `<182>Nov 24 16:02:03 prefix/mupdate[77]: text` as `mupdate[77]: text`: the reader notes the time himself. */
export function syslogLine(message: string): string {
  return message
    .replace(/^<\d{1,3}>/, '')
    .replace(/^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d /, '')
    .replace(`${SYSLOG_PREFIX}/`, '')
    .trim()
}

/**
 * Stands in for the system's log. A stream socket will do although syslog(3) tries a datagram socket first, which Node
 * does not have: on EPROTOTYPE it tries again with a stream (glibc misc/syslog.c, openlog_internal).
 */
export async function listenForSyslog(path: string, onLines: (lines: string[]) => void): Promise<Server> {
  const server = createServer(socket => {
    const framing = new SyslogFraming()
    socket.on('data', bytes => onLines(framing.push(bytes)))
    socket.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  // Cyrus runs as another user than a supervisor that is root.
  chmodSync(path, 0o666)
  return server
}
