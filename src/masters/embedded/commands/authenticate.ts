import { createHash, timingSafeEqual } from 'node:crypto'
import type { Dialogue } from '../dialogue.js'
import { type Span, spanText } from '../span.js'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** imap/mupdate.c cmd_authenticate; PLAIN is RFC 4616. */
export function authenticate(connection: Dialogue, tag: string, mechanism: Span, initial: Span | undefined): void {
  switch (outcomeOf(connection, mechanism, initial)) {
    case 'already':
      connection.reply(`${tag} BAD "already authenticated"\r\n`)
      break
    case 'challenge':
      connection.challenge(tag)
      break
    case 'wrong':
      refuse(connection, tag)
      break
    case 'right':
      welcome(connection, tag)
      break
  }
}

type LoginOutcome = 'already' | 'challenge' | 'wrong' | 'right'

/** What will come of an AUTHENTICATE. */
export function outcomeOf(connection: Dialogue, mechanism: Span, initial: Span | undefined): LoginOutcome {
  if (connection.loggedIn) return 'already'
  if (spanText(mechanism).toUpperCase() !== 'PLAIN') return 'wrong'
  const response = initial === undefined ? undefined : spanText(initial)
  if (response === undefined || isOverlooked(response)) return 'challenge'
  return isRight(connection, response) ? 'right' : 'wrong'
}

type ResponseOutcome = 'cancelled' | 'wrong' | 'right'

/** What will come of the line that follows a challenge. */
export function outcomeOfResponse(connection: Dialogue, line: string): ResponseOutcome {
  if (line.startsWith('*')) return 'cancelled'
  return isRight(connection, line) ? 'right' : 'wrong'
}

/** The line that follows a challenge for `tag`. */
export function respondToChallenge(connection: Dialogue, tag: string, line: string): void {
  switch (outcomeOfResponse(connection, line)) {
    case 'cancelled':
      connection.reply(`${tag} NO Client canceled authentication\r\n`)
      break
    case 'wrong':
      refuse(connection, tag)
      break
    case 'right':
      welcome(connection, tag)
      break
  }
}

/** Measured: an initial response whose padding is missing counts as none. */
function isOverlooked(response: string): boolean {
  return response !== '=' && response.length % 4 !== 0
}

function welcome(connection: Dialogue, tag: string): void {
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
