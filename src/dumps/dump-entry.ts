/** What stands for one mailbox in a dump of `ctl_mboxlist -d`. Text is bytes, as in `MailboxRecord`. */
export interface DumpEntry {
  /** Internal name, `user.bob.Sent`. */
  readonly name: string
  /** `deleted`: a tombstone of a backend, of which nobody is told. */
  readonly state: 'active' | 'reserved' | 'moving' | 'deleted'
  /** Not on the host whose dump it is: what 2.5 and others say of it, without saying where. */
  readonly isElsewhere: boolean
  /** Empty where it lies on the host whose dump it is. */
  readonly server: string
  /** Empty where the dump has none. */
  readonly partition: string
  /** `identifier\trights\t` repeated, as on the wire. */
  readonly acl: string
}

/** A line that is no mailbox, or not a whole one. */
export interface BadLine {
  /** From 1, in bytes. */
  readonly column: number
  readonly reason: string
}

/**
 * The forms that `ctl_mboxlist -d` has had. 2.3.12 is that up to 2.4 and of 3.0 to 3.4 too; of 2.5 it has no server, where
 * there was one.
 */
export type DumpFormat = '2.2' | '2.3.7' | '2.3.12' | '3.6'

export function isBad(parsed: DumpEntry | BadLine): parsed is BadLine {
  return 'reason' in parsed
}
