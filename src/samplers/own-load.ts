import { readlinkSync } from 'node:fs'
import type { Clock } from '../core/clock.js'
import type { SchedTimes } from './proc.js'
import { PEGGED_SHARE, readThreadTimes, type ThreadShare, threadShares } from './thread-times.js'

/** One of the harness's own threads; those that nobody named belong to Node (garbage collector, file work). */
export interface OwnThread extends ThreadShare {
  readonly label?: string
}

export interface OwnLoad {
  readonly atNs: number
  readonly elapsedNs: number
  /** CPU of the whole process, all threads. */
  readonly cpuCores: number
  /** Empty where there is no `/proc`. */
  readonly threads: readonly OwnThread[]
  /** Threads on a CPU or waiting for one at least 95 % of the time: each by itself, since each does its own work. */
  readonly pegged: readonly OwnThread[]
}

/** The kernel's number of the thread that calls this, to name it by; `undefined` where there is no `/proc`. */
export function currentThreadId(): number | undefined {
  try {
    const tid = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    return Number.isInteger(tid) ? tid : undefined
  } catch {
    return undefined
  }
}

/** Watches the harness itself, all threads of it, from one of them. */
export class OwnLoadSampler {
  readonly #labels = new Map<number, string>()
  #last: { atNs: number; cpuUs: number; threads: ReadonlyMap<number, SchedTimes> } | undefined

  constructor(
    private readonly options: { readonly clock: Clock; readonly cpuUs?: () => number; readonly procDir?: string },
  ) {}

  /** @param tid what {@link currentThreadId} said on the thread that is to be called `label` */
  nameThread(tid: number | undefined, label: string): void {
    if (tid !== undefined) this.#labels.set(tid, label)
  }

  /** @returns `undefined` on the first call, which has nothing to compare with */
  sample(): OwnLoad | undefined {
    const before = this.#last
    const after = {
      atNs: this.options.clock.nowNs(),
      cpuUs: (this.options.cpuUs ?? processCpuUs)(),
      threads: readThreadTimes(`${this.options.procDir ?? '/proc'}/self`) ?? new Map<number, SchedTimes>(),
    }
    this.#last = after
    if (!before || after.atNs <= before.atNs) return undefined
    const elapsedNs = after.atNs - before.atNs
    const threads = threadShares(before.threads, after.threads, elapsedNs).map(share => this.#named(share))
    return {
      atNs: after.atNs,
      elapsedNs,
      cpuCores: ((after.cpuUs - before.cpuUs) * 1e3) / elapsedNs,
      threads,
      pegged: threads.filter(thread => thread.runShare + thread.waitShare >= PEGGED_SHARE),
    }
  }

  #named(share: ThreadShare): OwnThread {
    const label = this.#labels.get(share.tid)
    return label === undefined ? share : { ...share, label }
  }
}

function processCpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
