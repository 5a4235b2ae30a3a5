/** A command as a client sends it (RFC 3656 section 4); arguments are byte strings, see {@link MailboxRecord}. */
export type Command =
  | { readonly kind: 'ACTIVATE'; readonly name: string; readonly location: string; readonly acl: string }
  | { readonly kind: 'RESERVE'; readonly name: string; readonly location: string }
  | { readonly kind: 'DEACTIVATE'; readonly name: string; readonly location: string }
  | { readonly kind: 'DELETE'; readonly name: string }
  | { readonly kind: 'FIND'; readonly name: string }
  | { readonly kind: 'LIST'; readonly locationPrefix?: string }
  | { readonly kind: 'UPDATE'; readonly servers?: readonly string[] }
  | { readonly kind: 'NOOP' }
  | { readonly kind: 'LOGOUT' }
  | { readonly kind: 'AUTHENTICATE'; readonly mechanism: string; readonly initialResponse?: string }
  | { readonly kind: 'STARTTLS' }
  | { readonly kind: 'COMPRESS'; readonly algorithm: 'DEFLATE' }

/** What arrives by chance, in a mix. */
export const MIXED_KINDS = ['create', 'setacl', 'rename', 'delete', 'find'] as const
export type MixedKind = (typeof MIXED_KINDS)[number]
/**
 * `moveOut` and `moveIn`: what the two backends of an XFER say; `push`: a backend's `ctl_mboxlist -m`; `ownerAcl`: what the
 * RENAME of a user changes in an ACL.
 */
export type OperationKind = MixedKind | 'moveOut' | 'moveIn' | 'push' | 'ownerAcl'

/** One logical action of a backend: the commands it sends, one after the other, each after the last one's reply. */
export interface Operation {
  readonly kind: OperationKind
  /** Index of the backend that does it. */
  readonly backend: number
  /**
   * The mailboxes it touches. Operations that share a mailbox are sent in order, each after the last one's reply, and
   * not at all when the earlier one failed: a DELETE of a name that the master does not know kills a real master.
   */
  readonly mailboxes: readonly string[]
  readonly commands: readonly Command[]
}
