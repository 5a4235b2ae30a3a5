import type { MailboxRecord } from '../core/mailbox.js'
import { formatCount } from '../core/units.js'
import { serverOf } from '../generators/site-plan.js'

/** What a master should hold once all operations have ended. */
export interface Held {
  /** Mailboxes of each server that has some. */
  readonly byServer: ReadonlyMap<string, number>
  /** Mailboxes of operations that failed, or were never answered: each may be there or not. */
  readonly open: number
}

export function heldOf(catalogue: Iterable<MailboxRecord>, open: number): Held {
  const byServer = new Map<string, number>()
  for (const { location } of catalogue) {
    const server = serverOf(location)
    byServer.set(server, (byServer.get(server) ?? 0) + 1)
  }
  return { byServer, open }
}

/** @param listed by its LIST @returns where that is not what the master should hold; undefined where all may be well */
export function missingFrom(listed: ReadonlyMap<string, number>, { byServer, open }: Held): string | undefined {
  const servers = [...new Set([...byServer.keys(), ...listed.keys()])].sort()
  const wrong = servers.flatMap(server => {
    const [is, wanted] = [listed.get(server) ?? 0, byServer.get(server) ?? 0]
    return Math.abs(is - wanted) <= open
      ? []
      : [`${formatCount(is)} mailboxes of ${server}, not ${formatCount(wanted)}`]
  })
  if (wrong.length === 0) return undefined
  const more = wrong.length > MOST_NAMED ? ` (and so of ${formatCount(wrong.length - MOST_NAMED)} more)` : ''
  const about = open === 0 ? '' : `, give or take ${formatCount(open)} of which nothing is known`
  return `the master lists ${wrong.slice(0, MOST_NAMED).join('; ')}${more}${about}`
}

const MOST_NAMED = 3
