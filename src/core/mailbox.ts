/**
 * One entry of a master's list (RFC 3656 section 3). Text is *bytes*: each UTF-16 unit of a string is one byte of the
 * wire (latin1), since names are modified UTF-7 and ACL identifiers are whatever the site uses.
 */
export interface MailboxRecord {
  /** Internal name, `user.bob.Sent`; with virtual domains `example.com!user.bob`. At most 490 bytes. */
  readonly name: string
  /** `server!partition` */
  readonly location: string
  /** `identifier\trights\t` repeated; empty while reserved. */
  readonly acl: string
  readonly state: 'active' | 'reserved'
}
