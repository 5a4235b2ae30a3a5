import type { Clock } from '../core/clock.js'
import { type HostSample, HostSampler } from './host.js'
import { OwnLoadSampler } from './own-load.js'

/** What a process of the harness used, and what its host had left, since the look before. */
export interface LoadSample {
  readonly fromNs: number
  readonly toNs: number
  /** CPU of the whole process, all threads. */
  readonly cpuCores: number
  /** Its threads that were on a CPU, or waited for one, nearly all the time, each by itself. */
  readonly pegged: readonly string[]
  /** Undefined where there is no `/proc/stat`. */
  readonly host: Pick<HostSample, 'elapsedNs' | 'idleShare' | 'stealShare'> | undefined
}

/** Watches the process that it runs in, and the host. */
export class LoadSampler {
  private readonly own: OwnLoadSampler
  private readonly host: HostSampler

  constructor(options: { readonly clock: Clock }) {
    this.own = new OwnLoadSampler(options)
    this.host = new HostSampler(options)
  }

  /** @see OwnLoadSampler.nameThread */
  nameThread(tid: number | undefined, label: string): void {
    this.own.nameThread(tid, label)
  }

  /** @returns `undefined` on the first call, which has nothing to compare with */
  sample(): LoadSample | undefined {
    const own = this.own.sample()
    const host = this.host.sample()
    if (own === undefined) return undefined
    const { atNs, elapsedNs, cpuCores, pegged } = own
    return {
      fromNs: atNs - elapsedNs,
      toNs: atNs,
      cpuCores,
      pegged: pegged.map(({ label, tid }) => label ?? `thread ${tid}`),
      host: host && { elapsedNs: host.elapsedNs, idleShare: host.idleShare, stealShare: host.stealShare },
    }
  }
}
