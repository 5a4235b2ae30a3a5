import type { Counters, Interval } from '../metrics/interval.js'
import { newCounters } from '../metrics/interval.js'
import type { PhaseResult } from '../metrics/run-result.js'
import { round3 } from '../metrics/tally.js'
import type { LoadSample } from '../samplers/load.js'
import type { PlanPhase } from './plan.js'
import type { AgentName } from './crew.js'
import { LoadSpan } from './load-span.js'
import { SATURATION, saturationOf } from './saturation.js'
import { type MetricGroups, SpanTallies } from './span-tallies.js'
import { WatchSpan } from './watch.js'

/** One phase as it goes by. */
export class PhaseState {
  readonly tallies = new SpanTallies()
  readonly watch = new WatchSpan()
  endNs: number | undefined
  ended: PhaseResult['ended'] = 'running'
  private flushes: number | undefined
  /** Of each thread: how many intervals it had, and in how many of them it was late. */
  private readonly byThread = new Map<string, { all: number; late: number }>()
  /** What agents and their hosts did, by id. */
  private readonly elsewhere = new Map<string, { readonly name: string; readonly load: LoadSpan }>()

  constructor(
    readonly plan: PlanPhase,
    readonly startNs: number,
    /** Syncs of the disk until now; undefined where nobody counts. */
    private readonly flushesBefore?: number,
  ) {}

  /** An interval that reaches back into the phase before does not count. */
  addLoopDelay({ worker, fromNs, eventLoopDelayUs }: Pick<Interval, 'worker' | 'fromNs' | 'eventLoopDelayUs'>): void {
    if (fromNs < this.startNs) return
    const thread = this.byThread.get(worker) ?? { all: 0, late: 0 }
    this.byThread.set(worker, thread)
    thread.all++
    if (eventLoopDelayUs.p99 > SATURATION.eventLoopDelayP99Us) thread.late++
  }

  /** One that reaches into another phase does not count. @returns whether it was of this one */
  addElsewhere({ id, name }: AgentName, sample: LoadSample): boolean {
    if (sample.fromNs < this.startNs || sample.toNs > (this.endNs ?? Infinity)) return false
    const agent = this.elsewhere.get(id) ?? { name, load: new LoadSpan() }
    this.elsewhere.set(id, agent)
    agent.load.add(sample)
    return true
  }

  /** The thread that was late most. */
  private get latest(): { readonly all: number; readonly late: number } {
    const threads = [...this.byThread.values()]
    return threads.reduce((worst, thread) => (thread.late > worst.late ? thread : worst), { all: 0, late: 0 })
  }

  end(how: PhaseResult['ended'], nowNs: number, flushes?: number): void {
    this.endNs = nowNs
    this.ended = how
    this.watch.end()
    if (flushes !== undefined && this.flushesBefore !== undefined) this.flushes = flushes - this.flushesBefore
  }

  result(nowNs: number): Omit<PhaseResult, 'listedRecords'> & Pick<MetricGroups, 'harness'> {
    const durationNs = (this.endNs ?? nowNs) - this.startNs
    const groups = this.tallies.summary(durationNs)
    const { load } = this.watch
    return {
      name: this.plan.name,
      startMs: round3(this.startNs / 1e6),
      durationMs: round3(durationNs / 1e6),
      ended: this.ended,
      ...groups,
      master: this.masterResult(),
      harnessCpuMs: load.cpuMs === undefined ? null : round3(load.cpuMs),
      hostFullMs: load.hostFullMs === undefined ? null : round3(load.hostFullMs),
    }
  }

  private masterResult(): PhaseResult['master'] {
    const span = this.watch.master.summary()
    // Sums of a part of it would look like those of a master that did less.
    if (span === undefined || this.watch.missedNs > 0) return null
    return {
      cpuMs: round3(span.meanCores * span.sampledMs),
      peggedMs: round3(span.peggedMs),
      waitMs: round3(span.waitMs),
      rssBytes: span.rssLastBytes ?? null,
      writeBytes: span.io?.writeBytes ?? null,
      writeCalls: span.io?.syscw ?? null,
      diskFlushes: this.flushes ?? null,
    }
  }

  /** Signs that the harness was the limit; only where load has a plan that can be missed. */
  saturation(): string[] {
    if (this.plan.durationNs === undefined && this.plan.step === undefined) return []
    const { harness } = this.tallies.summary(1)
    const { all, late } = this.latest
    return saturationOf({
      name: this.plan.name,
      scheduleSlip: harness.scheduleSlip?.responseTimeUs,
      probeSlip: harness.probeSlip?.responseTimeUs,
      loopLateSeconds: late,
      loopLateShare: all > 0 ? late / all : 0,
      loads: [
        this.watch.load,
        ...[...this.elsewhere.values()].map(({ name, load: { pegged, stealShare } }) => ({
          agent: name,
          pegged,
          stealShare,
        })),
      ],
    })
  }
}

/** Sums the counters of all workers. */
export function sumCounters(latest: Iterable<Interval>): Counters {
  const sum = newCounters()
  let slavesMost = 0
  for (const { counters } of latest) {
    for (const key of Object.keys(sum) as (keyof Counters)[]) sum[key] += counters[key]
    // Each thread knows of all.
    slavesMost = Math.max(slavesMost, counters.slavesMost)
  }
  return { ...sum, slavesMost }
}
