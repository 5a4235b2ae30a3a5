import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'
import type { Clock } from '../core/clock.js'
import { type HostCpu, parseCpuLimitCores, parseHostCpu, parsePressureNs } from './proc.js'
import { readProc } from './read-proc.js'

export interface HostSample {
  readonly atNs: number
  readonly elapsedNs: number
  /** CPUs at work, whoever for. */
  readonly busyCores: number
  /** Share of all CPU time that the hypervisor gave to someone else: such a host measures itself, not a master. */
  readonly stealShare: number
  /** Share of all CPU time that nobody wanted. */
  readonly idleShare: number
  /** Share of the time in which at least one thread of the host waited for a CPU; absent without `/proc/pressure`. */
  readonly pressureShare?: number
  /** Threads on a CPU or waiting for one when the sample was taken. */
  readonly runnable: number
  readonly load1: number
}

interface Look {
  readonly atNs: number
  readonly cpu: HostCpu
  readonly pressureNs: number | undefined
}

/** Watches the host: who else wants its CPUs. */
export class HostSampler {
  #last: Look | undefined

  constructor(private readonly options: { readonly clock: Clock; readonly procDir?: string }) {}

  /** @returns `undefined` on the first call, which has nothing to compare with, and where there is no `/proc/stat` */
  sample(): HostSample | undefined {
    const before = this.#last
    const after = this.#look()
    this.#last = after
    if (!before || !after || after.atNs <= before.atNs) return undefined
    return { ...between(before, after), load1: loadavg()[0] ?? 0 }
  }

  #look(): Look | undefined {
    const procDir = this.options.procDir ?? '/proc'
    const atNs = this.options.clock.nowNs()
    const cpu = parseHostCpu(readProc(`${procDir}/stat`) ?? '')
    return cpu && { atNs, cpu, pressureNs: parsePressureNs(readProc(`${procDir}/pressure/cpu`) ?? '') }
  }
}

function between(before: Look, after: Look) {
  const elapsedNs = after.atNs - before.atNs
  const busyNs = after.cpu.busyNs - before.cpu.busyNs
  const stealNs = after.cpu.stealNs - before.cpu.stealNs
  const idleNs = after.cpu.idleNs - before.cpu.idleNs
  const allNs = busyNs + stealNs + idleNs
  const hasPressure = before.pressureNs !== undefined && after.pressureNs !== undefined
  return {
    atNs: after.atNs,
    elapsedNs,
    busyCores: busyNs / elapsedNs,
    stealShare: allNs > 0 ? stealNs / allNs : 0,
    idleShare: allNs > 0 ? idleNs / allNs : 1,
    ...(hasPressure && { pressureShare: Math.min(1, (after.pressureNs! - before.pressureNs!) / elapsedNs) }),
    runnable: after.cpu.runnable,
  }
}

/** What a report says of the host, so that two runs can be told to be comparable. */
export interface HostDescription {
  readonly cpuModel: string
  readonly cores: number
  /** Cores that a container's limit leaves; absent without one. */
  readonly cpuLimitCores?: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
}

export function describeHost(): HostDescription {
  const cpuLimitCores = parseCpuLimitCores(readProc('/sys/fs/cgroup/cpu.max') ?? '')
  return {
    cpuModel: cpus()[0]?.model.trim() || arch(),
    cores: availableParallelism(),
    ...(cpuLimitCores !== undefined && { cpuLimitCores }),
    memoryBytes: totalmem(),
    kernel: `${platform()} ${release()}`,
    node: process.version,
  }
}

/** Of the running kernel: who has the same one has the same monotonic clock. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}
