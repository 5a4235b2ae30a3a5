import type { ModelCommand } from '../model/port.js'
import type { LoginStep } from './commands/authenticate.js'
import { isBarred } from './commands/execute.js'
import type { Dialogue } from './dialogue.js'
import type { Verb } from './parse-command.js'

/** What a well-formed command costs a Cyrus. */
export function classify(connection: Dialogue, verb: Exclude<Verb, 'AUTHENTICATE'>): ModelCommand {
  if (isBarred(connection, verb)) return { kind: 'refused' }
  switch (verb) {
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
    // Of what TLS and DEFLATE cost there is no figure.
    case 'STARTTLS':
    case 'COMPRESS':
      return { kind: 'refused' }
  }
}

/** A challenge costs nothing: what a login costs is reckoned at its end. */
export function classifyLogin({ kind }: LoginStep): ModelCommand {
  if (kind === 'accepted') return { kind: 'login', ok: true }
  return kind === 'refused' ? { kind: 'login', ok: false } : { kind: 'refused' }
}
