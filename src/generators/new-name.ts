import { MAX_NAME_BYTES } from './site-plan.js'
import { inboxName, type UserName } from './user-name.js'

/** An arbitrary second of January 2024: there is no clock here, and the same seed has to give the same bytes. */
const FIRST_STAMP = 0x65b7b6bc

/**
 * Where delayed deletion puts a mailbox, `example.com!DELETED.user.joe.Sent.65B7B6BC` (imap/mboxname.c
 * mboxname_todeleted).
 *
 * @returns undefined where that would be longer than 490 bytes: Cyrus would send it all the same, and its master would
 *   keep another name, `DELETED.user.joe.DE` for a long `DELETED.user.joe.Deleted….65B7B6BC` (measured on 3.6.1)
 */
export function deletedName(name: string, ordinal: number): string | undefined {
  const local = name.indexOf('!') + 1
  const stamp = ((FIRST_STAMP + ordinal) >>> 0).toString(16).toUpperCase().padStart(8, '0')
  const deleted = `${name.slice(0, local)}DELETED.${name.slice(local)}.${stamp}`
  return deleted.length <= MAX_NAME_BYTES ? deleted : undefined
}

/** @returns the number that {@link deletedName} or {@link renamedName} would have had to give this name; -1 for none */
export function ordinalOf(name: string): number {
  const [, stamp] = /(?:^|!)DELETED\..*\.([0-9A-F]{8})$/.exec(name) ?? []
  if (stamp !== undefined) return Math.max(-1, Number.parseInt(stamp, 16) - FIRST_STAMP)
  const [, renamed] = /-r(\d{1,10})$/.exec(name) ?? []
  return Number(renamed ?? -1)
}

/** The same place, and `-r<ordinal>` in place of an earlier one: no generated name ends like that. */
export function renamedName(name: string, user: UserName, ordinal: number): string {
  const renamed = `${name.replace(/-r\d+$/, '')}-r${ordinal}`
  // Not cut to size: a cut could fall inside a modified UTF-7 letter.
  return renamed.length <= MAX_NAME_BYTES ? renamed : `${inboxName(user)}.folder-r${ordinal}`
}
