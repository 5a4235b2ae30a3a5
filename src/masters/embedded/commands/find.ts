import { ABSENT } from '../catalogue.js'
import type { Core } from '../core.js'
import { type Span, spanText } from '../span.js'

/** imap/mupdate.c cmd_find: an unknown name is no record and OK. */
export function find(core: Core, tag: string, name: Span): string {
  const { catalogue } = core
  const known = catalogue.find(name)
  const completed = `${tag} OK "Search completed"\r\n`
  if (known === ABSENT) return completed
  const word = catalogue.records.isActive(known) ? 'MAILBOX' : 'RESERVE'
  return `${tag} ${word} ${spanText(catalogue.records.wire(known))}${completed}`
}
