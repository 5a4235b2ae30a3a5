import type { Credentials, MasterAddress } from '../core/address.js'
import type { Security } from '../session/client.js'

export type { Credentials, MasterAddress } from '../core/address.js'

/** A master that a run can load: started, described, stopped. */
export interface Master {
  /** `model`: the embedded one, served as a calibrated model of Cyrus would. */
  readonly kind: 'embedded' | 'model' | 'cyrus' | 'remote'
  /** Starts it (nothing to do for a remote one). @throws {HarnessError} `MASTER_SETUP`, `MASTER_DIED`, `MASTER_UNREACHABLE` */
  start(): Promise<void>
  /** Ends it and removes all it left; safe to call twice, and in any state. */
  stop(): Promise<void>
  /** Valid after {@link start}. */
  readonly address: MasterAddress
  readonly credentials: Credentials
  /** The mupdate process on this host, now: it changes when the master is restarted. Undefined when not local, or a model. */
  pid(): number | undefined
  /** Kills it, to come back at once; `empty`: without its database. Absent where that is not ours to do. */
  restart?(empty: boolean): void
  /** Where its database lies on this host, from {@link start} to {@link stop}; undefined when it has none here. */
  databaseDirectory?(): string | undefined
  /** What the report says of it. */
  describe(): MasterDescription
  /** Called for each event: syslog lines, restarts, death. Register before {@link start}. */
  onEvent(listener: (event: MasterEvent) => void): void
}

export interface MasterDescription {
  /** As the banner says, `3.6.1`; `embedded 0.1.0` for our own; `model of cyrus 3.6.1 (calibrated 2026-11-25)`. */
  readonly version: string
  /** `twoskip on tmpfs`, `memory`, `unknown`. */
  readonly mailboxDatabase: string
  /** Settings that differ from the master's defaults. */
  readonly settings: Readonly<Record<string, string>>
  /** What really runs: path → sha256, from `/proc/PID/maps`. Empty for remote masters. */
  readonly binaries: Readonly<Record<string, string>>
  /** Of connections to it. Absent for one of our own that is reached as always: by PLAIN, and nothing else. */
  readonly security?: Security
}

export type MasterEvent =
  | { readonly kind: 'syslog'; readonly line: string }
  | { readonly kind: 'restarted'; readonly pid: number; readonly previousPid: number }
  | { readonly kind: 'died'; readonly detail: string }
