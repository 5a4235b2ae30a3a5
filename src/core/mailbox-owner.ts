const USER = 'user.'

/**
 * Whose mailbox it is: `user.bob` of `user.bob.Sent`, with a virtual domain `example.com!user.bob`.
 *
 * @returns empty for shared mailboxes, and for deleted ones that wait to be expired
 */
export function ownerOf(name: string): string {
  const local = name.indexOf('!') + 1
  if (!name.startsWith(USER, local)) return ''
  const end = name.indexOf('.', local + USER.length)
  return end === -1 ? name : name.slice(0, end)
}

const DELETED = 'DELETED.'

/** Whose it was: `user.bob` of `DELETED.user.bob.Sent.6B046CCB`. @returns empty for all that is no user's deleted mailbox */
export function deletedOwnerOf(name: string): string {
  if (!isDeletedTree(name)) return ''
  const local = name.indexOf('!') + 1
  return ownerOf(name.slice(0, local) + name.slice(local + DELETED.length))
}

/** `DELETED.user.bob.Sent.6B046CCB`, with a virtual domain or none (imap/mboxname.c mboxname_isdeletedmailbox). */
export function isDeletedTree(name: string): boolean {
  return name.startsWith(DELETED, name.indexOf('!') + 1)
}
