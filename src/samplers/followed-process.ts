import type { Clock } from '../core/clock.js'
import { parseProcessStat } from './proc.js'
import { readProc } from './read-proc.js'

/** Looking through all descriptors of a host takes its time. */
const SEARCH_NS = 1e9

export interface FollowedProcessOptions {
  readonly find: () => number | undefined
  readonly clock: Clock
  /** Another root than `/proc`, for tests. */
  readonly procDir?: string
}

/** A process that is looked for again when it is gone: a master that was restarted has a new pid. */
export class FollowedProcess {
  #found: { readonly pid: number; readonly startTicks: number } | undefined
  #searchedNs = -Infinity

  constructor(private readonly options: FollowedProcessOptions) {}

  pid(): number | undefined {
    const { find, clock } = this.options
    if (this.#found !== undefined && this.#startOf(this.#found.pid) === this.#found.startTicks) return this.#found.pid
    this.#found = undefined
    if (clock.nowNs() - this.#searchedNs < SEARCH_NS) return undefined
    this.#searchedNs = clock.nowNs()
    const pid = find()
    const startTicks = pid === undefined ? undefined : this.#startOf(pid)
    if (pid === undefined || startTicks === undefined) return undefined
    this.#found = { pid, startTicks }
    return pid
  }

  /** Tells a process from another that was given its number. */
  #startOf(pid: number): number | undefined {
    return parseProcessStat(readProc(`${this.options.procDir ?? '/proc'}/${pid}/stat`) ?? '')?.startTicks
  }
}
