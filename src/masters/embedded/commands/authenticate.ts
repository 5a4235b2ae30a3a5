import { createHash, timingSafeEqual } from 'node:crypto'
import type { Dialogue } from '../dialogue.js'
import { type Span, spanText } from '../span.js'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** imap/mupdate.c cmd_authenticate; PLAIN is RFC 4616. */
export function authenticate(connection: Dialogue, tag: string, mechanism: Span, initial: Span | undefined): void {
  const response = initial === undefined ? undefined : spanText(initial)
  if (connection.loggedIn) connection.reply(`${tag} BAD "already authenticated"\r\n`)
  else if (spanText(mechanism).toUpperCase() !== 'PLAIN') refuse(connection, tag)
  else if (response === undefined || isOverlooked(response)) connection.challenge(tag)
  else verify(connection, tag, response)
}

/** The line that follows a challenge for `tag`. */
export function respondToChallenge(connection: Dialogue, tag: string, line: string): void {
  if (line.startsWith('*')) connection.reply(`${tag} NO Client canceled authentication\r\n`)
  else verify(connection, tag, line)
}

/** Measured: an initial response whose padding is missing counts as none. */
function isOverlooked(response: string): boolean {
  return response !== '=' && response.length % 4 !== 0
}

function verify(connection: Dialogue, tag: string, response: string): void {
  if (!isRight(connection, response)) {
    refuse(connection, tag)
    return
  }
  connection.loggedIn = true
  connection.reply(`${tag} OK "Authenticated"\r\n`)
}

/** Any authorization identity will do: Cyrus lets its admins act for anyone, and masters have no other users. */
function isRight(connection: Dialogue, response: string): boolean {
  const { user, password } = connection.core.options
  if (!BASE64.test(response)) return false
  const parts = Buffer.from(response, 'base64').toString('latin1').split('\0')
  return (
    parts.length === 3 && sameText(`${parts[1]}\0${parts[2]}`, Buffer.from(`${user}\0${password}`).toString('latin1'))
  )
}

/** "undefined error!" is what 3.6.1 says for every failure (measured). */
function refuse(connection: Dialogue, tag: string): void {
  const answer = () => connection.reply(`${tag} NO "undefined error!"\r\n`)
  const { failedLoginPauseMs } = connection.core.options
  if (failedLoginPauseMs === 0) answer()
  else connection.holdFor(failedLoginPauseMs, answer)
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'latin1').digest()
  return timingSafeEqual(digest(a), digest(b))
}
