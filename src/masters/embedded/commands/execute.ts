import type { Dialogue } from '../dialogue.js'
import type { Verb } from '../parse-command.js'
import type { Span } from '../span.js'
import { answerLogin, beginLogin } from './authenticate.js'
import { find } from './find.js'
import { compress, starttls } from './layers.js'
import { list, update } from './list.js'
import { activate, deactivate, remove, reserve } from './set.js'

/** Not allowed once a connection streams (imap/mupdate.c docmd). */
const NOT_WHEN_STREAMING: ReadonlySet<Verb> = new Set<Verb>([
  'ACTIVATE',
  'DEACTIVATE',
  'DELETE',
  'FIND',
  'LIST',
  'RESERVE',
  'UPDATE',
])

export function isBarred({ stream }: Dialogue, verb: Verb): boolean {
  return stream !== undefined && NOT_WHEN_STREAMING.has(verb)
}

/** Carries out a well-formed command. */
export function execute(connection: Dialogue, verb: Verb, tag: string, args: readonly Span[]): void {
  if (isBarred(connection, verb)) {
    connection.reply(`${tag} BAD "not legal when streaming"\r\n`)
    return
  }
  const { core } = connection
  switch (verb) {
    case 'ACTIVATE':
      connection.reply(activate(core, tag, args[0], args[1], args[2]))
      break
    case 'AUTHENTICATE':
      answerLogin(connection, tag, beginLogin(connection, args[0], args[1]))
      break
    case 'COMPRESS':
      compress(connection, tag, args[0])
      break
    case 'DEACTIVATE':
      connection.reply(deactivate(core, tag, args[0], args[1]))
      break
    case 'DELETE':
      connection.reply(remove(core, tag, args[0]))
      break
    case 'FIND':
      connection.reply(find(core, tag, args[0]))
      break
    case 'LIST':
      list(connection, tag, args[0])
      break
    case 'LOGOUT':
      connection.reply(`${tag} OK "bye-bye"\r\n`)
      connection.logout()
      break
    case 'NOOP':
      connection.sendPending(`${tag} OK "Noop done"\r\n`)
      break
    case 'RESERVE':
      connection.reply(reserve(core, tag, args[0], args[1]))
      break
    case 'STARTTLS':
      starttls(connection, tag)
      break
    case 'UPDATE':
      update(connection, tag, args)
      break
  }
}
