import type { Dialogue } from '../dialogue.js'
import { UNRECOGNIZED } from '../parse-command.js'
import { type Span, spanText } from '../span.js'

/** imap/mupdate.c docmd, cmd_starttls: their texts are not quoted. The banner comes again when TLS stands. */
export function starttls(connection: Dialogue, tag: string): void {
  const { core, peer, loggedIn } = connection
  connection.discardInput()
  if (core.options.tls === undefined) connection.reply(`${tag} BAD ${UNRECOGNIZED}\r\n`)
  else if (loggedIn) connection.reply(`${tag} BAD Can't Starttls after authentication\r\n`)
  else if (peer.compressed) connection.reply(`${tag} BAD Can't Starttls after Compress\r\n`)
  else if (peer.secured) connection.reply(`${tag} BAD Already did a successful Starttls\r\n`)
  else {
    connection.reply(`${tag} OK Begin TLS negotiation now\r\n`)
    connection.startTls()
  }
}

/** imap/mupdate.c cmd_compress; no banner follows. */
export function compress(connection: Dialogue, tag: string, algorithm: Span): void {
  const asked = spanText(algorithm)
  if (connection.peer.compressed) connection.reply(`${tag} BAD DEFLATE active via COMPRESS\r\n`)
  else if (asked.toUpperCase() !== 'DEFLATE') connection.reply(`${tag} NO Unknown COMPRESS algorithm: ${asked}\r\n`)
  else {
    connection.reply(`${tag} OK ${asked} active\r\n`)
    connection.startCompression()
  }
}
