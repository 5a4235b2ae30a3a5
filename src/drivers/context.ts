import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import type { Counters, SlaveMove } from '../metrics/interval.js'
import type { Recorder } from '../metrics/recorder.js'
import type { Ledger } from '../slaves/ledger.js'

/** What every driver is given: where the master is, and where to put what was seen. */
export interface DriverContext {
  readonly clock: Clock
  readonly address: MasterAddress
  readonly credentials: Credentials
  readonly seed: number
  readonly recorder: Recorder
  readonly counters: Counters
  /** Index of the phase now running, or of the one that ran at `atNs`: a sample belongs to where it was meant to start. */
  phase(atNs?: number): number
  /** What slaves should hold; absent where none are followed. */
  readonly ledger?: Ledger
  /** A change of a slave's fortune, for the run to judge. */
  move(move: SlaveMove): void
  /** An operation's connection got no banner, or no answer to its login, for as long as a Cyrus client waits. */
  unserved(): void
  /**
   * Something worth a line in `events.ndjson`.
   *
   * @param suspects commands that kill some masters, and were unanswered when a connection was lost
   */
  event(kind: string, detail: string, suspects?: readonly string[]): void
  /** Notes names before they are sent, so that a remote master can be cleaned up whatever happens. */
  journal(names: readonly string[]): void
}

/** The part of a phase that a driver needs. */
export interface DriverPhase {
  readonly index: number
  readonly startNs: number
}
