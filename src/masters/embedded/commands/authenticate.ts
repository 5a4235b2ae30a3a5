import { challenge, REFUSED, type SaslStep } from '../../../sasl/exchange.js'
import type { Dialogue } from '../dialogue.js'
import { type Span, spanText } from '../span.js'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** What comes of an AUTHENTICATE, or of the line that follows a challenge. */
export type LoginStep = SaslStep | { readonly kind: 'already' } | { readonly kind: 'cancelled' }

export function beginLogin(connection: Dialogue, mechanism: Span, initial: Span | undefined): LoginStep {
  if (connection.loggedIn) return { kind: 'already' }
  const response = initial === undefined ? undefined : spanText(initial)
  const name = spanText(mechanism)
  connection.exchange = undefined
  if (response !== undefined && isOverlooked(response)) return challenge('')
  const exchange = connection.core.beginLogin(name, connection.peer.shown)
  if (exchange === undefined) return REFUSED
  connection.exchange = exchange
  if (response === undefined) return exchange.next(undefined)
  // "=" stands for one that is empty, which two take for none.
  const isEmpty = response === '' || response === '='
  if (isEmpty) return exchange.next(/^(SCRAM-|LOGIN)/i.test(name) ? undefined : Buffer.alloc(0))
  return next(connection, response)
}

/** @param line what followed a challenge */
export function continueLogin(connection: Dialogue, line: string): LoginStep {
  return line.startsWith('*') ? { kind: 'cancelled' } : next(connection, line)
}

/** imap/mupdate.c cmd_authenticate, lib/saslserver.c */
export function answerLogin(connection: Dialogue, tag: string, step: LoginStep): void {
  if (step.kind === 'challenge') {
    connection.challenge(tag, step.data)
    return
  }
  connection.exchange = undefined
  switch (step.kind) {
    case 'already':
      connection.reply(`${tag} BAD "already authenticated"\r\n`)
      break
    case 'cancelled':
      connection.reply(`${tag} NO Client canceled authentication\r\n`)
      break
    case 'refused':
      refuse(connection, tag)
      break
    case 'accepted':
      connection.loggedIn = true
      connection.reply(`${tag} OK "Authenticated"\r\n`)
      break
  }
}

function next({ exchange }: Dialogue, response: string): SaslStep {
  if (exchange === undefined || !BASE64.test(response)) return REFUSED
  return exchange.next(Buffer.from(response, 'base64'))
}

/**
 * One whose padding is missing counts as none, and as no start of a login (lib/saslserver.c; sasl_decode64 says that it
 * would go on). Whatever follows but "*" kills a real 3.6.1, if it is base64 (measured); ours refuses it.
 */
function isOverlooked(response: string): boolean {
  return response !== '=' && response.length % 4 !== 0
}

/** "undefined error!" is what 3.6.1 says for every failure (measured). */
function refuse(connection: Dialogue, tag: string): void {
  const answer = () => connection.reply(`${tag} NO "undefined error!"\r\n`)
  const { failedLoginPauseMs } = connection.core.options
  if (failedLoginPauseMs === 0) answer()
  else connection.holdFor(failedLoginPauseMs, answer)
}
