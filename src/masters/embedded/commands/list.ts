import type { Dialogue } from '../dialogue.js'
import { byLocationPrefix, byServer, dump } from '../outflow.js'
import { type Span, spanText } from '../span.js'

/** imap/mupdate.c cmd_list; there it holds the lock to the end, here it walks on between changes. */
export function list(connection: Dialogue, tag: string, prefix: Span | undefined): void {
  const wanted = prefix === undefined ? undefined : byLocationPrefix(spanText(prefix))
  connection.pour(dump(connection.core, tag, wanted), `${tag} OK "list complete"\r\n`)
}

/** imap/mupdate.c cmd_startupdate */
export function update(connection: Dialogue, tag: string, hosts: readonly Span[]): void {
  const servers = hosts.map(spanText)
  connection.startStream(tag, servers)
  const wanted = servers.length === 0 ? undefined : byServer(new Set(servers))
  connection.pour(dump(connection.core, tag, wanted), `${tag} OK "streaming starts"\r\n`)
}
