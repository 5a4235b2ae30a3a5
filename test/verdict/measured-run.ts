import type { MetricSummary, PhaseResult, RunResult, TimeSummary } from '../../src/metrics/run-result.js'
import { recordedRun } from '../report/recorded.js'

/** What a run of `ci` measured, as far as a gate looks. */
export interface Figures {
  readonly cpuMsLists?: number
  /** Of 10,000 creates. */
  readonly cpuMsCreates?: number
  readonly listUs?: number
  readonly creates?: number
}

export function timeOf(us: number, lowerBounds: TimeSummary['lowerBounds'] = []): TimeSummary {
  return { count: 12, min: us, mean: us, p50: us, p90: us, p99: us, p999: us, max: us, lowerBounds }
}

function commands(count: number, serviceTimeUs: TimeSummary): MetricSummary {
  return { count, failed: 0, unfinished: 0, ratePerSecond: count, serviceTimeUs }
}

export function phase(name: string, changes: Partial<PhaseResult>): PhaseResult {
  return {
    name,
    startMs: 0,
    durationMs: 5000,
    ended: 'duration',
    operations: {},
    steps: {},
    commands: {},
    listedRecords: 0,
    master: null,
    harnessCpuMs: null,
    hostFullMs: null,
    ...changes,
  }
}

function masterOf(cpuMs: number, rssBytes: number): PhaseResult['master'] {
  return { cpuMs, peggedMs: 0, waitMs: 0, rssBytes, writeBytes: 8_192_000, writeCalls: 20_000, diskFlushes: null }
}

/** 12 lists of 30,000 in 5 s, then 5 s of creates in a closed loop, then 2 s in an open model. */
export function measuredRun(
  { cpuMsLists = 3600, cpuMsCreates = 4000, listUs = 300_000, creates = 10_000 }: Figures = {},
  change: (run: RunResult) => void = () => {},
): RunResult {
  return recordedRun(run => {
    run.state = 'ended'
    run.verdict = { result: 'pass', reasons: [], thresholds: [] }
    run.slaves = { ...run.slaves, count: 12, comparisons: [], timeouts: 0, resyncs: 0 }
    run.slaves.thrash = { ...run.slaves.thrash, state: 'none' }
    run.master = { ...run.master, restarts: 0, rssPeakBytes: 90e6, mailboxesListed: 30_000 }
    run.phases = [
      phase('preload', { ended: 'condition', master: masterOf(2000, 60e6) }),
      phase('lists', {
        ended: 'condition',
        listedRecords: 12 * 30_000,
        commands: { UPDATE: commands(12, timeOf(listUs)) },
        master: masterOf(cpuMsLists, 84e6),
      }),
      phase('creates', {
        operations: { create: commands(creates, timeOf(2000)) },
        master: masterOf((cpuMsCreates * creates) / 1e4, 90e6),
      }),
      phase('steady', {
        operations: { create: { ...commands(400, timeOf(2100)), responseTimeUs: timeOf(2500) } },
        master: masterOf(500, 90e6),
      }),
    ]
    change(run)
  })
}
