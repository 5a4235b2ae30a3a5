import type { ErrorCode } from '../../core/errors.js'
import type { Mechanism } from '../../sasl/mechanism.js'
import type { ServerOptions } from './server.js'

/** What the parent tells the process, as one line of JSON on its standard input: a command line is for all to read. */
export interface ProcessSettings extends ServerOptions {
  /** Where what it holds is written at its end. */
  readonly save?: string
}

/** What the parent may tell it later, a line each. */
export type ProcessOrder = { readonly kind: 'restart'; readonly empty: boolean }

/** Ways to be broken on purpose, for tests of those who must notice. */
export interface Faults {
  /** One update in so many is not sent to anybody. */
  readonly dropEvery?: number
  /** The first update of a mailbox with this in its name is sent twice. */
  readonly repeatName?: string
  /** Updates of mailboxes with this in their name carry no ACL but an old one. */
  readonly staleAclName?: string
  /** No DELETE is sent for mailboxes with this in their name. */
  readonly missDeleteName?: string
  /** Updates of mailboxes with this in their name carry the location of another. */
  readonly swapName?: string
}

/** What the process tells its parent, one line of JSON each, on its standard output. */
export type ProcessMessage =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'report'; readonly line: string }
  | { readonly kind: 'restarted' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly detail: string; readonly hint: string }
  /** At its end: what it holds could not be written. */
  | { readonly kind: 'unsaved'; readonly detail: string }

export const SETTING_DEFAULTS = {
  user: 'murder',
  hostname: 'localhost',
  mechanisms: ['PLAIN'] as readonly Mechanism[],
  /** imapd.conf's failedloginpause */
  failedLoginPauseMs: 3000,
  /** imapd.conf's mupdate_connections_max is 128: too few for the swarms that this master is for. */
  connectionsMax: 16_384,
  backlogBytesMax: 64 * 1024 * 1024,
} as const
