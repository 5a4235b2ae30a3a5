import type { ModelCommand } from '../model/port.js'
import { outcomeOf, outcomeOfResponse } from './commands/authenticate.js'
import { isBarred } from './commands/execute.js'
import type { Dialogue } from './dialogue.js'
import type { Verb } from './parse-command.js'
import type { Span } from './span.js'

/** What a well-formed command costs a Cyrus. */
export function classify(connection: Dialogue, verb: Verb, args: readonly Span[]): ModelCommand {
  if (isBarred(connection, verb)) return { kind: 'refused' }
  switch (verb) {
    case 'AUTHENTICATE':
      return classifyLogin(outcomeOf(connection, args[0], args[1]))
    case 'NOOP':
      return { kind: 'noop' }
    case 'FIND':
      return { kind: 'find' }
    case 'ACTIVATE':
      return { kind: 'set', what: 'activate' }
    // Both write a record without an ACL (imap/mupdate.c cmd_set).
    case 'RESERVE':
    case 'DEACTIVATE':
      return { kind: 'set', what: 'reserve' }
    case 'DELETE':
      return { kind: 'set', what: 'remove' }
    case 'LIST':
      return { kind: 'list', streams: false }
    case 'UPDATE':
      return { kind: 'list', streams: true }
    case 'LOGOUT':
      return { kind: 'logout' }
  }
}

/** The line that follows a challenge. */
export function classifyResponse(connection: Dialogue, line: string): ModelCommand {
  return classifyLogin(outcomeOfResponse(connection, line))
}

function classifyLogin(outcome: ReturnType<typeof outcomeOf> | ReturnType<typeof outcomeOfResponse>): ModelCommand {
  const decided = outcome === 'right' || outcome === 'wrong'
  return decided ? { kind: 'login', ok: outcome === 'right' } : { kind: 'refused' }
}
