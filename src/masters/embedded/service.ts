import type { Socket } from 'node:net'
import type { Core, CoreOptions } from './core.js'
import { dialectOf } from './dialect.js'
import { CommandParser, type Verb } from './parse-command.js'

/** With the NUL that `sizeof` of a C string counts (imap/mupdate.c service_main_fd). */
const SERVER_UNABLE = '* BYE "Server Unable"\r\n\0'

export interface ServiceEvents {
  /** A line of its log. */
  report(line: string): void
  /** It has lost all connections and is back. */
  restarted(): void
}

/** Who serves what a server accepts. */
export interface Service {
  readonly core: Core
  /** From now on there may be connections. */
  start(): void
  accept(socket: Socket): void
  /** @param empty what it holds is lost too */
  restart(empty: boolean): void
  close(): void
}

export function turnAway(socket: Socket, { report }: ServiceEvents): void {
  report('Server too busy, dropping connection.')
  socket.on('error', () => {})
  // What it says is not looked at; that it has gone would not be seen before.
  socket.resume()
  socket.end(SERVER_UNABLE, 'latin1')
}

/** Knows the commands that a master with these options knows. */
export function parserFor({ dialect, tls, compress }: CoreOptions): CommandParser {
  const { knowsStarttls, loginFirst } = dialectOf(dialect)
  const unknown: Verb[] = []
  if (tls === undefined && !knowsStarttls) unknown.push('STARTTLS')
  if (compress !== true) unknown.push('COMPRESS')
  return new CommandParser({ unknown, loginFirst })
}
