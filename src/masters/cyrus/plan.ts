import type { Account } from './account.js'
import type { CyrusBinaries } from './binaries.js'

/** What the supervisor is told, as its first line of standard input: it holds the password, which argv must not. */
export interface CyrusPlan {
  /** Private to this Cyrus; the supervisor makes and removes it. */
  readonly directory: string
  /** What it serves: MUPDATE, or IMAP for a backend. Slaves and backends are told in their settings where their master is. */
  readonly role: 'master' | 'slave' | 'backend'
  readonly port: number
  readonly user: string
  readonly password: string
  readonly account: Account
  readonly binaries: CyrusBinaries
  /** Lines of imapd.conf beyond those that every managed master has. */
  readonly settings: Readonly<Record<string, string>>
  /** The service's `maxfds`. */
  readonly maxDescriptors: number
  /** A copy of this file is its `mailboxes.db` before the START section sees it. */
  readonly database?: string
}

/** What the supervisor tells, a line of JSON each. */
export type SupervisorReport =
  | { readonly kind: 'syslog'; readonly line: string }
  /** A mupdate that was not there before. */
  | { readonly kind: 'mupdate'; readonly pid: number }
  /** mupdate is gone and has not come back, or Cyrus's `master` ended by itself. */
  | { readonly kind: 'died'; readonly detail: string }
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string }

/** Also where the supervisor and what it started are recognised by, so it is never shortened. */
export function configPath(directory: string): string {
  return `${directory}/imapd.conf`
}
