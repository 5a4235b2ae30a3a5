import type { MasterDescription } from '../masters/master.js'

/** What a remote master that has been reached over TLS may suffer from that; undefined where nothing is known of. */
export function tlsDanger({ version, security }: MasterDescription): string | undefined {
  if (security?.tls == null || !/^Cyrus IMAP v?3\.6\.1\b/.test(version)) return undefined
  return `${version} dies of connections that close after a STARTTLS, and this run closes some; see docs/security.md`
}
