import type { Counters } from './interval.js'
import type { MetricSummary, TimeSummary } from './run-result.js'

/** Where one thread of the master spent a second. */
export interface ThreadSecond {
  readonly tid: number
  /** Share of the time on a CPU, 0 to 1. */
  readonly runShare: number
  /** Share of the time ready to run and without a CPU. */
  readonly waitShare: number
}

/** The master's process in one second. */
export interface MasterSecond {
  readonly sampledMs: number
  readonly meanCores: number
  readonly peakThreadShare: number
  readonly peggedMs: number
  /** From and to, ms of the run, of each pegged stretch. */
  readonly peggedSpansMs: readonly (readonly [number, number])[]
  readonly waitMs: number
  readonly rssPeakBytes: number
  readonly descriptorsPeak: number
  readonly threadsPeak: number
  readonly io?: { readonly readBytes: number; readonly writeBytes: number; readonly syscw: number }
  /** Busiest first; those that did next to nothing are left out. */
  readonly threads: readonly ThreadSecond[]
}

/** The harness itself in one second. */
export interface HarnessSecond {
  readonly cpuCores: number
  readonly stealShare: number | null
  /** Of the worst thread; null where none reported in this second. */
  readonly eventLoopDelayUs: { readonly p50: number; readonly p99: number; readonly max: number } | null
  /** How late operations were sent or queued, and probes sent; null where none were. */
  readonly scheduleSlipUs: TimeSummary | null
  readonly probeSlipUs: TimeSummary | null
  /** Absent where there are none. */
  readonly agents?: readonly AgentSecond[]
}

/** An agent, as it was heard of last. */
export interface AgentSecond {
  readonly id: string
  readonly name: string
  /** Of its process; null where it has not told yet. */
  readonly cpuCores: number | null
  /** For how long nothing was heard of it. */
  readonly silentMs: number
  readonly isLost: boolean
}

/**
 * A line of `series.ndjson`: all that one second of a run brought, by itself. It is what a live dashboard is sent too,
 * and is documented in docs/results.md: keys are added, never changed.
 */
export interface SecondLine {
  /** End of the span, from the run's start. */
  readonly atMs: number
  /** Its length: about a second; more in a long simulation. */
  readonly spanMs: number
  readonly phase: string
  readonly operations: Readonly<Record<string, MetricSummary>>
  readonly commands: Readonly<Record<string, MetricSummary>>
  /** Operations that were due, by kind, whether or not anything became of them; empty in a closed loop. */
  readonly offeredPerSecond: Readonly<Record<string, number>>
  /** From the writer's OK to the first, the middle, the last and every slave's record. */
  readonly propagationUs: Readonly<Record<'first' | 'median' | 'last' | 'all', TimeSummary | null>> | null
  /** Null where it was not watched: a master elsewhere, or a simulated one. */
  readonly master: MasterSecond | null
  readonly harness: HarnessSecond | null
  readonly counters: Counters
}

/** A line of `slaves.ndjson`: a change of one slave's fortune. */
export interface SlaveLine {
  readonly atMs: number
  readonly slave: number
  readonly kind: string
  readonly records?: number
  readonly code?: string
}

/** A line of `events.ndjson`. */
export interface EventLine {
  /** Null for what happened before the run began. */
  readonly atMs: number | null
  readonly kind: string
  readonly detail: string
}
