import type { Second } from '../engine/run.js'
import type { MetricGroups } from '../engine/span-tallies.js'
import type { SlaveMove } from '../metrics/interval.js'
import type { AgentFacts } from '../engine/crew.js'
import type {
  AgentSecond,
  HarnessSecond,
  MasterSecond,
  SecondLine,
  SlaveLine,
  ThreadSecond,
} from '../metrics/second-line.js'
import { round3 } from '../metrics/tally.js'
import type { RunRecord } from './run-json.js'

/** What a run has, and a simulation has in part: nothing was watched there. */
type Watched = 'watch' | 'counters' | 'loopDelayUs' | 'agents'
export type AnySecond = Omit<Second, Watched> & Partial<Pick<Second, Watched>>

/** One line of `series.ndjson`. */
export function secondLine(run: RunRecord, second: AnySecond): SecondLine {
  const { operations, commands, harness } = second.tallies.summary(second.spanNs)
  return {
    atMs: sinceStartMs(run, second.atNs),
    spanMs: round3(second.spanNs / 1e6),
    phase: second.phase.plan.name,
    operations,
    commands,
    offeredPerSecond: offered(harness),
    propagationUs: propagation(harness),
    master: masterSecond(run, second.watch),
    harness: harnessSecond(second, harness),
    counters: second.counters ?? run.counters,
  }
}

/** Lines of `slaves.ndjson`. */
export function slaveLines(run: RunRecord, moves: readonly SlaveMove[]): SlaveLine[] {
  return moves.map(({ atNs, ...move }) => ({ atMs: sinceStartMs(run, atNs), ...move }))
}

function sinceStartMs({ startNs }: RunRecord, atNs: number): number {
  return round3((atNs - startNs) / 1e6)
}

function masterSecond(run: RunRecord, watch: Second['watch'] | undefined): MasterSecond | null {
  const summary = watch?.master.summary()
  if (watch === undefined || summary === undefined) return null
  return {
    ...summary,
    peggedSpansMs: watch.peggedNs.map(([fromNs, toNs]) => [sinceStartMs(run, fromNs), sinceStartMs(run, toNs)]),
    threads: watch.threads.map(roundedShares),
  }
}

function roundedShares({ tid, runShare, waitShare }: ThreadSecond): ThreadSecond {
  return { tid, runShare: round3(runShare), waitShare: round3(waitShare) }
}

function harnessSecond({ watch, loopDelayUs, agents }: AnySecond, own: MetricGroups['harness']): HarnessSecond | null {
  if (watch === undefined) return null
  return {
    cpuCores: round3(watch.load.cpuCores ?? 0),
    stealShare: watch.load.stealShare ?? null,
    eventLoopDelayUs: loopDelayUs ?? null,
    scheduleSlipUs: own.scheduleSlip?.responseTimeUs ?? null,
    probeSlipUs: own.probeSlip?.responseTimeUs ?? null,
    ...(agents && { agents: agents.map(agentSecond) }),
  }
}

/** As a live view, and `series.ndjson`, have it. */
export function agentSecond({ id, name, coresNow, silentMs, lost }: AgentFacts): AgentSecond {
  const cpuCores = coresNow === undefined ? null : round3(coresNow)
  return { id, name, cpuCores, silentMs: round3(silentMs), isLost: lost !== undefined }
}

const OFFERED = 'offered.'

function offered(own: MetricGroups['harness']): Record<string, number> {
  const rates = Object.entries(own).filter(([name]) => name.startsWith(OFFERED))
  return Object.fromEntries(rates.map(([name, { ratePerSecond }]) => [name.slice(OFFERED.length), ratePerSecond]))
}

function propagation(own: MetricGroups['harness']): SecondLine['propagationUs'] {
  const of = (which: string) => own[`propagation.${which}`]?.responseTimeUs ?? null
  if (of('all') === null) return null
  return { first: of('first'), median: of('median'), last: of('last'), all: of('all') }
}
