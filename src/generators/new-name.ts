import { MAX_NAME_BYTES } from './site-plan.js'
import { inboxName, type UserName } from './user-name.js'

/** An arbitrary second of January 2024: there is no clock here, and the same seed has to give the same bytes. */
const FIRST_STAMP = 0x65b7b6bc

/**
 * Where delayed deletion puts a mailbox, `example.com!DELETED.user.joe.Sent.65B7B6BC` (imap/mboxname.c
 * mboxname_todeleted). It may be longer than a name that can be created, as in Cyrus.
 */
export function deletedName(name: string, ordinal: number): string {
  const local = name.indexOf('!') + 1
  const stamp = ((FIRST_STAMP + ordinal) >>> 0).toString(16).toUpperCase().padStart(8, '0')
  return `${name.slice(0, local)}DELETED.${name.slice(local)}.${stamp}`
}

/** The same place, and `-r<ordinal>` in place of an earlier one: no generated name ends like that. */
export function renamedName(name: string, user: UserName, ordinal: number): string {
  const renamed = `${name.replace(/-r\d+$/, '')}-r${ordinal}`
  // Not cut to size: a cut could fall inside a modified UTF-7 letter.
  return renamed.length <= MAX_NAME_BYTES ? renamed : `${inboxName(user)}.folder-r${ordinal}`
}
