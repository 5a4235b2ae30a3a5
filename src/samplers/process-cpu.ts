import type { Clock } from '../core/clock.js'
import { CpuTime } from './cpu-time.js'
import {
  type ProcessIo,
  type ProcessStat,
  parseProcessIo,
  parseProcessStat,
  parseRssBytes,
  type SchedTimes,
} from './proc.js'
import { listProc, readProc } from './read-proc.js'
import { PEGGED_SHARE, readThreadTimes, type ThreadShare, threadShares } from './thread-times.js'

/** A process between two looks at `/proc`. */
export interface ProcessSample {
  readonly pid: number
  /** End of the span that the sample covers. */
  readonly atNs: number
  readonly elapsedNs: number
  /** CPU time over elapsed time, ended threads included; {@link CpuTime}. */
  readonly cpuCores: number
  /** Threads that wanted a CPU and had none, on average. */
  readonly waitCores: number
  readonly threads: readonly ThreadShare[]
  /** Share of the time the busiest thread was on a CPU. */
  readonly peakThreadShare: number
  /** Share of the time in which some thread was on a CPU or waiting for one; see {@link ProcessSample.pegged}. */
  readonly unionShare: number
  /**
   * Some thread was on a CPU or waiting for one at least 95 % of the time. A union over threads, since a lock moves
   * between them, and with waiting, since the harness competes for the same CPUs. It is the sum of all threads' shares,
   * capped at 1: exact when a lock serialises them, which is the case this is for, an upper bound otherwise (two
   * threads at 50 % at the same time look like one at 100 %).
   */
  readonly pegged: boolean
  readonly rssBytes?: number
  /** Open file descriptors; absent when the process belongs to someone else. */
  readonly descriptors?: number
  readonly threadCount: number
  /** Of the span; absent when the process belongs to someone else. */
  readonly io?: ProcessIo
}

type ProcessId = Pick<Look, 'pid' | 'startTicks'>

interface Look extends Pick<ProcessStat, 'cpuNs' | 'threadCount' | 'startTicks'> {
  readonly pid: number
  readonly atNs: number
  readonly threads: ReadonlyMap<number, SchedTimes>
  readonly io: ProcessIo | undefined
}

export interface ProcessSamplerOptions {
  /** The process now: a master that was restarted has a new pid. */
  readonly pid: () => number | undefined
  readonly clock: Clock
  /** Another root than `/proc`, for tests. */
  readonly procDir?: string
}

/**
 * Watches a process from outside. Call {@link sample} at most 250 ms apart: a longer span averages pegged and idle
 * time away. One call reads a file a thread, 9 µs each: keep it off the thread that takes NOOP's time.
 */
export class ProcessSampler {
  #last: Look | undefined
  #cpuTime = new CpuTime()

  constructor(private readonly options: ProcessSamplerOptions) {}

  /** @returns `undefined` while there is no process, and on the first look at one, which has nothing to compare with */
  sample(): ProcessSample | undefined {
    const before = this.#last
    const pid = this.options.pid()
    const processDir = `${this.options.procDir ?? '/proc'}/${pid}`
    const after = pid === undefined ? undefined : this.#look(processDir, pid)
    this.#last = after
    if (!before || !after || !isSameProcess(before, after) || after.atNs <= before.atNs) return undefined
    return { ...cpuBetween(before, after), ...memoryAndFiles(processDir), ...ioOf(before.io, after.io) }
  }

  #look(processDir: string, pid: number): Look | undefined {
    const atNs = this.options.clock.nowNs()
    const stat = parseProcessStat(readProc(`${processDir}/stat`) ?? '')
    const threads = readThreadTimes(processDir)
    if (!stat || !threads) return undefined
    const process = { pid, startTicks: stat.startTicks }
    if (!this.#last || !isSameProcess(this.#last, process)) this.#cpuTime = new CpuTime()
    const cpuNs = this.#cpuTime.read(stat.cpuNs, threads)
    const io = parseProcessIo(readProc(`${processDir}/io`) ?? '')
    return { ...process, atNs, cpuNs, threadCount: stat.threadCount, threads, io }
  }
}

function isSameProcess(before: ProcessId, after: ProcessId): boolean {
  return before.pid === after.pid && before.startTicks === after.startTicks
}

function cpuBetween(before: Look, after: Look) {
  const elapsedNs = after.atNs - before.atNs
  const threads = threadShares(before.threads, after.threads, elapsedNs)
  const waitCores = threads.reduce((sum, thread) => sum + thread.waitShare, 0)
  const runCores = threads.reduce((sum, thread) => sum + thread.runShare, 0)
  const unionShare = Math.min(1, runCores + waitCores)
  return {
    pid: after.pid,
    atNs: after.atNs,
    elapsedNs,
    cpuCores: (after.cpuNs - before.cpuNs) / elapsedNs,
    waitCores,
    threads,
    peakThreadShare: threads.reduce((peak, thread) => Math.max(peak, thread.runShare), 0),
    unionShare,
    pegged: unionShare >= PEGGED_SHARE,
    threadCount: after.threadCount,
  }
}

function memoryAndFiles(processDir: string): { rssBytes?: number; descriptors?: number } {
  const rssBytes = parseRssBytes(readProc(`${processDir}/status`) ?? '')
  const descriptors = listProc(`${processDir}/fd`)?.length
  return { ...(rssBytes !== undefined && { rssBytes }), ...(descriptors !== undefined && { descriptors }) }
}

function ioOf(before: ProcessIo | undefined, after: ProcessIo | undefined): { io?: ProcessIo } {
  if (!before || !after) return {}
  const { readBytes, writeBytes, syscw } = before
  return { io: ioSum(after, { readBytes: -readBytes, writeBytes: -writeBytes, syscw: -syscw }) }
}

function ioSum(a: ProcessIo | undefined, b: ProcessIo): ProcessIo {
  if (a === undefined) return b
  return { readBytes: a.readBytes + b.readBytes, writeBytes: a.writeBytes + b.writeBytes, syscw: a.syscw + b.syscw }
}

export interface ProcessSpanSummary {
  /** What the samples cover; less than the span's length when the process was away. */
  readonly sampledMs: number
  readonly meanCores: number
  /** Of the sample in which a thread was busiest. */
  readonly peakThreadShare: number
  readonly peggedMs: number
  /** Sum over threads: two that wait 1 s each make 2,000. */
  readonly waitMs: number
  readonly rssPeakBytes: number
  /** At the end; absent where it could not be read. */
  readonly rssLastBytes?: number
  readonly descriptorsPeak: number
  readonly threadsPeak: number
  /** Absent when the process belongs to someone else. */
  readonly io?: ProcessIo
}

/** Samples of a phase, or of a run, as one line of its report. */
export class ProcessSpan {
  #elapsedNs = 0
  #cpuNs = 0
  #peggedNs = 0
  #waitNs = 0
  #peakThreadShare = 0
  #rssPeakBytes = 0
  #rssLastBytes: number | undefined
  #descriptorsPeak = 0
  #threadsPeak = 0
  #io: ProcessIo | undefined

  add(sample: ProcessSample): void {
    this.#elapsedNs += sample.elapsedNs
    this.#cpuNs += sample.cpuCores * sample.elapsedNs
    this.#waitNs += sample.waitCores * sample.elapsedNs
    if (sample.pegged) this.#peggedNs += sample.elapsedNs
    this.#peakThreadShare = Math.max(this.#peakThreadShare, sample.peakThreadShare)
    this.#rssPeakBytes = Math.max(this.#rssPeakBytes, sample.rssBytes ?? 0)
    this.#rssLastBytes = sample.rssBytes
    this.#descriptorsPeak = Math.max(this.#descriptorsPeak, sample.descriptors ?? 0)
    this.#threadsPeak = Math.max(this.#threadsPeak, sample.threadCount)
    if (sample.io !== undefined) this.#io = ioSum(this.#io, sample.io)
  }

  /** `undefined` without samples: zeros would claim an idle master. */
  summary(): ProcessSpanSummary | undefined {
    if (this.#elapsedNs === 0) return undefined
    return {
      sampledMs: this.#elapsedNs / 1e6,
      meanCores: this.#cpuNs / this.#elapsedNs,
      peakThreadShare: this.#peakThreadShare,
      peggedMs: this.#peggedNs / 1e6,
      waitMs: this.#waitNs / 1e6,
      rssPeakBytes: this.#rssPeakBytes,
      ...(this.#rssLastBytes !== undefined && { rssLastBytes: this.#rssLastBytes }),
      descriptorsPeak: this.#descriptorsPeak,
      threadsPeak: this.#threadsPeak,
      ...(this.#io !== undefined && { io: this.#io }),
    }
  }
}
