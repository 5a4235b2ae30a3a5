/** What a peer may make us buffer. A frame is a line with all the literals that it announces. */
export interface WireLimits {
  readonly maxFrameBytes: number
  readonly maxLiteralBytes: number
}

/**
 * Cyrus allows names of 490 bytes to create and bounds no ACL; the longest ACLs seen on sites are some tens of kB.
 * A server's PARTIAL-UPDATE takes at most 30 host names (imap/mupdate.c, cmd_startupdate).
 */
export const DEFAULT_LIMITS: WireLimits = { maxFrameBytes: 1 << 20, maxLiteralBytes: 1 << 19 }

/** Of who has not logged in, and may be anybody: thousands of them cost a server little. No login is longer. */
export const STRANGER_LIMITS: WireLimits = { maxFrameBytes: 1 << 14, maxLiteralBytes: 1 << 13 }

/** Of all lines of a banner together: a real one has a few hundred bytes. */
export const MAX_BANNER_BYTES = 1 << 16
