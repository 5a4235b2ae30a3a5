import type { Clock } from '../core/clock.js'
import { GRACE_MS } from '../core/quiet-start.js'
import { DiskFlushCounter } from '../samplers/disk.js'
import { ListenQueueCounter } from '../samplers/listen-queue.js'
import { type LoadSample, LoadSampler } from '../samplers/load.js'
import { type ProcessSample, ProcessSampler, ProcessSpan } from '../samplers/process-cpu.js'
import type { Overflow } from './conditions.js'
import { LoadSpan } from './load-span.js'

/** At most 250 ms apart, or a master pegged for a moment would look half idle (DESIGN: CPU). */
export const SAMPLE_MS = 250

export interface ThreadTotal {
  readonly tid: number
  cpuMs: number
  waitMs: number
  peakShare: number
}

/** What the samplers of this host saw in a span of the run. */
export class WatchSpan {
  readonly master = new ProcessSpan()
  readonly load = new LoadSpan()
  /** Of which it is not known what the master's process did. */
  missedNs = 0
  private isOver = false

  /** What comes after, and be it the end of the run, is not its own. */
  end(): void {
    this.isOver = true
  }

  add(master: ProcessSample | undefined, load: LoadSample | undefined): void {
    if (this.isOver) return
    if (master !== undefined) this.master.add(master)
    if (load !== undefined) this.load.add(load)
  }

  miss(ns: number): void {
    if (!this.isOver) this.missedNs += ns
  }
}

/** Watches the master's process, our own and this host while a run goes on. */
export class Watch {
  /** Of this process. */
  readonly load: LoadSampler
  readonly threads = new Map<number, ThreadTotal>()
  /** Receive every sample; the run changes them as phases and seconds change. */
  spans: WatchSpan[] = []
  /** Syncs of the disk under the master's database since {@link start}; undefined where nobody counts. */
  diskFlushes: number | undefined
  /** When connections found a listen queue full. */
  readonly overflows: Overflow[] = []
  private readonly masterSampler: ProcessSampler
  private timer: NodeJS.Timeout | undefined
  private disk: DiskFlushCounter | undefined
  private queue: ListenQueueCounter | undefined
  private queueLookedNs = 0

  constructor(
    private readonly clock: Clock,
    private readonly masterPid: () => number | undefined,
  ) {
    this.load = new LoadSampler({ clock })
    this.masterSampler = new ProcessSampler({ clock, pid: masterPid })
  }

  /** @param databaseDirectory of a master on this host */
  start(databaseDirectory: string | undefined): void {
    if (databaseDirectory !== undefined) this.disk = new DiskFlushCounter(databaseDirectory)
    if (this.masterPid() !== undefined) this.queue = new ListenQueueCounter()
    this.sampleFromNowOn()
  }

  /** A sample takes its time, in which threads are not to begin a phase: the next one is after its start. */
  expectStart(startNs: number): void {
    clearInterval(this.timer)
    const waitMs = (startNs - this.clock.nowNs()) / 1e6 + GRACE_MS
    this.timer = setTimeout(() => this.sampleFromNowOn(), waitMs)
  }

  stop(): void {
    clearInterval(this.timer)
    this.sample()
  }

  private sampleFromNowOn(): void {
    this.sample()
    this.timer = setInterval(() => this.sample(), SAMPLE_MS)
  }

  /** Now: what comes after belongs to other spans. */
  sample(): void {
    const master = this.masterSampler.sample()
    const load = this.load.sample()
    this.diskFlushes = this.disk?.count()
    this.noteOverflow()
    if (master !== undefined) this.addThreads(master)
    for (const span of this.spans) span.add(master, load)
  }

  /** A sample that was taken on the master's own host. */
  addMaster(sample: ProcessSample): void {
    this.addThreads(sample)
    for (const span of this.spans) span.add(sample, undefined)
  }

  /** Nobody saw there what it did. */
  miss(ns: number): void {
    for (const span of this.spans) span.miss(ns)
  }

  /** How often a connection found a listen queue of this host full; undefined where the master is on another. */
  get queueOverflows(): number | undefined {
    return this.queue && this.overflows.reduce((sum, { count }) => sum + count, 0)
  }

  private noteOverflow(): void {
    const [fromNs, toNs] = [this.queueLookedNs, this.clock.nowNs()]
    this.queueLookedNs = toNs
    const count = (this.queue?.count() ?? 0) - (this.queueOverflows ?? 0)
    if (count > 0) this.overflows.push({ fromNs, toNs, count })
  }

  private addThreads(sample: ProcessSample): void {
    const ms = sample.elapsedNs / 1e6
    for (const { tid, runShare, waitShare } of sample.threads) {
      const total = this.threads.get(tid) ?? { tid, cpuMs: 0, waitMs: 0, peakShare: 0 }
      total.cpuMs += runShare * ms
      total.waitMs += waitShare * ms
      total.peakShare = Math.max(total.peakShare, runShare)
      this.threads.set(tid, total)
    }
  }
}
