import { type Barrier, type Comparison, type Convergence, worstOf } from '../engine/convergence.js'
import type { MasterCondition } from '../engine/conditions.js'
import type { AgentFacts } from '../engine/crew.js'
import type { Held } from '../engine/held.js'
import type { ProbeFacts } from '../engine/master-probe.js'
import type { NoiseFloor } from '../engine/messages.js'
import type { RunEvent } from '../engine/run.js'
import type { PhaseState } from '../engine/run-state.js'
import type { MetricGroups, SpanTallies } from '../engine/span-tallies.js'
import type { ThreadTotal, WatchSpan } from '../engine/watch.js'
import type { HttpResult } from '../drivers/http.js'
import type { Master } from '../masters/master.js'
import type { Counters, SlaveMove } from '../metrics/interval.js'
import type { PhaseResult, RunResult, Verdict } from '../metrics/run-result.js'
import type { EventLine } from '../metrics/second-line.js'
import { round3 } from '../metrics/tally.js'
import type { HostDescription } from '../samplers/host.js'
import { formatCount } from '../core/units.js'
import { mostLost } from '../slaves/most-lost.js'
import { detectThrash, dumpCost } from '../slaves/thrash.js'

/** What is known of a run before it begins. */
export interface RunIdentity {
  readonly id: string
  readonly profile: { readonly name: string; readonly seed: number }
  /** Folder of the run that it goes on with. */
  readonly resumes?: string
  readonly startedAt: Date
  readonly version: string
  readonly host: HostDescription
}

/** What a report needs of a run, or of a simulation. */
export interface RunRecord {
  /** ns; undefined until it has begun, and until it has ended. */
  readonly begunNs: number | undefined
  readonly endNs: number | undefined
  /** When it began; now, while it has not. */
  readonly startNs: number
  readonly interrupted: boolean
  /** By Ctrl-C; where nothing else interrupts, the same. */
  readonly isCancelled?: boolean
  /** Why it ended itself. */
  readonly stopReason?: string | undefined
  /** It stopped since a list had shrunk. */
  readonly listShrank?: boolean
  /** Of the preload: how many the master did not take, and the first with what it said. */
  readonly refused?: { readonly count: number; readonly first: string } | undefined
  readonly retryDelayNs: number
  readonly slaveCount: number
  /** Threads of load. */
  readonly workers: number
  readonly startSkewNs: number | undefined
  readonly phaseSkewNs: number | undefined
  readonly agents?: readonly AgentFacts[] | undefined
  readonly masterProbe?: ProbeFacts | undefined
  readonly phases: readonly PhaseState[]
  readonly total: SpanTallies
  readonly counters: Counters
  readonly watchSpan: WatchSpan
  readonly watch: {
    readonly threads: ReadonlyMap<number, ThreadTotal>
    readonly diskFlushes: number | undefined
    readonly queueOverflows: number | undefined
  }
  readonly loopDelayUs: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly workerDeaths: readonly string[]
  readonly lostFigures: readonly string[]
  /** What it went on without, in words. */
  readonly lostShares?: readonly string[]
  readonly noiseFloor: NoiseFloor | undefined
  readonly probes: { readonly plain: number; readonly streaming: number; readonly ratePerSecond: number }
  readonly http: HttpResult | undefined
  readonly slaveMoves: readonly SlaveMove[]
  readonly comparisons: readonly Comparison[]
  readonly conditions: readonly MasterCondition[]
  readonly mailboxesListed: number | undefined
  readonly serversListed?: ReadonlyMap<string, number> | undefined
  /** What they should be, where that is known. */
  readonly held?: Held | undefined
  readonly masterRestarts: number
  triggerBefore(atNs: number): string | undefined
}

/** What is said of the master: of one that runs, or of the model of one. */
export type MasterFacts = Pick<Master, 'describe'> & {
  readonly kind: Master['kind'] | 'simulated'
  readonly address?: Master['address']
}

/** Ended by Ctrl-C, not by its own stop-loss. */
export function isInterruptedByUser({ interrupted, isCancelled = interrupted }: RunRecord): boolean {
  return isCancelled
}

const UNDER_WAY: Verdict = {
  result: 'inconclusive',
  reasons: ['the run had not ended when this was written'],
  thresholds: [],
}

/** `run.json` of a run as far as it has come. */
export function runJson(
  identity: RunIdentity,
  run: RunRecord,
  master: MasterFacts,
  nowNs: number,
  verdict = UNDER_WAY,
): RunResult {
  const durationNs = (run.endNs ?? nowNs) - run.startNs
  const { harness, ...total } = run.total.summary(durationNs)
  const { counters, slaveMoves: moves } = run
  return {
    schema: 'mupdate-bench/run/1',
    simulated: master.kind === 'simulated',
    id: identity.id,
    profile: identity.profile,
    ...(identity.resumes === undefined ? {} : { resumes: identity.resumes }),
    startedAt: identity.startedAt.toISOString(),
    durationMs: round3(durationNs / 1e6),
    state: run.endNs === undefined ? 'running' : run.interrupted ? 'interrupted' : 'ended',
    harness: { version: identity.version, node: process.version, pid: process.pid, host: { ...identity.host } },
    verdict,
    master: masterJson(run, master),
    generator: {
      ...(master.kind === 'simulated' ? UNMEASURED : loadJson(run)),
      scheduleSlipUs: harness.scheduleSlip?.responseTimeUs ?? null,
      droppedArrivals: counters.droppedArrivals,
      skippedOperations: counters.skippedOperations,
      stealShare: nullable(run.watchSpan.load.stealShare),
      saturated: saturationReasons(run).length > 0,
    },
    noiseFloor: run.noiseFloor ?? null,
    slaves: slavesJson(run, nowNs, harness),
    probes: run.probes,
    http: run.http === undefined ? null : { ...run.http },
    phases: run.phases.map(phase => phaseJson(run, moves, phase, nowNs)),
    total,
  }
}

/** Why the harness, not the master, was the limit; empty when it was not. */
export function saturationReasons(run: RunRecord): string[] {
  const { droppedArrivals } = run.counters
  const dropped =
    droppedArrivals === 0 ? [] : [`the harness was the limit: ${formatCount(droppedArrivals)} arrivals were never sent`]
  return [...run.workerDeaths, ...run.lostFigures, ...dropped, ...run.phases.flatMap(phase => phase.saturation())]
}

/** One line of `events.ndjson`; `atMs` is null for what happened before the run began. */
export function eventJson(run: RunRecord, event: RunEvent): EventLine & { readonly time: string } {
  const atMs = run.begunNs === undefined ? null : round3((event.atNs - run.begunNs) / 1e6)
  return { atMs, time: new Date().toISOString(), kind: event.kind, detail: event.detail }
}

/** The same where no clock of this world has seen it. */
export function virtualEventJson({ startNs }: RunRecord, { atNs, kind, detail }: RunEvent): EventLine {
  return { atMs: round3((atNs - startNs) / 1e6), kind, detail }
}

function microseconds(ns: number | undefined): number | null {
  return ns === undefined ? null : round3(ns / 1e3)
}

/** What the harness itself took. */
function loadJson({ workers, startSkewNs, phaseSkewNs, agents, watchSpan, loopDelayUs, counters }: RunRecord) {
  const { bytesRead, bytesWritten, plainBytesRead, plainBytesWritten } = counters
  return {
    workers,
    startSkewUs: microseconds(startSkewNs),
    phaseSkewUs: microseconds(phaseSkewNs),
    agents: agents?.map(agentJson) ?? null,
    cpuCores: round3(watchSpan.load.cpuCores ?? 0),
    eventLoopDelayUs: mapValues(loopDelayUs, round3),
    bytesRead,
    bytesWritten,
    plainBytesRead,
    plainBytesWritten,
  }
}

const UNMEASURED = {
  workers: null,
  startSkewUs: null,
  phaseSkewUs: null,
  agents: null,
  cpuCores: null,
  eventLoopDelayUs: null,
  bytesRead: null,
  bytesWritten: null,
  plainBytesRead: null,
  plainBytesWritten: null,
}

function agentJson({ id, name, host, shards, clock, cpuCores, stealShare, lost }: AgentFacts) {
  const [clockOffsetUs, clockErrorUs] = [clock.ns / 1e3, clock.errorNs / 1e3].map(round3)
  return {
    ...{ id, name, host, shards: [...shards], clockOffsetUs, clockErrorUs },
    ...{ cpuCores: nullable(cpuCores), stealShare: nullable(stealShare), lost: lost ?? null },
  }
}

function probeJson({ name, host, clock, missedNs, lost }: ProbeFacts) {
  const [clockOffsetUs, clockErrorUs] = [clock.ns / 1e3, clock.errorNs / 1e3].map(round3)
  return { name, host, clockOffsetUs, clockErrorUs, missedMs: round3(missedNs / 1e6), lost: lost ?? null }
}

function masterJson(run: RunRecord, master: MasterFacts): RunResult['master'] {
  const span = run.watchSpan.master.summary()
  return {
    kind: master.kind,
    address: master.address === undefined ? '' : `${master.address.host}:${master.address.port}`,
    security: null,
    ...master.describe(),
    probe: run.masterProbe === undefined ? null : probeJson(run.masterProbe),
    cpu: {
      meanCores: nullable(span?.meanCores),
      peakThreadShare: nullable(span?.peakThreadShare),
      peggedMs: nullable(span?.peggedMs),
      waitMs: nullable(span?.waitMs),
    },
    threads: [...run.watch.threads.values()]
      .sort((a, b) => b.cpuMs - a.cpuMs)
      .map(({ tid, ...times }) => ({ tid, ...mapValues(times, round3) })),
    rssPeakBytes: nullable(span?.rssPeakBytes),
    descriptorsPeak: nullable(span?.descriptorsPeak),
    threadsPeak: nullable(span?.threadsPeak),
    writeBytes: nullable(span?.io?.writeBytes),
    writeCalls: nullable(span?.io?.syscw),
    diskFlushes: nullable(run.watch.diskFlushes),
    queueOverflows: nullable(run.watch.queueOverflows),
    mailboxesListed: run.mailboxesListed ?? null,
    serversListed: run.serversListed === undefined ? null : Object.fromEntries(run.serversListed),
    restarts: run.masterRestarts,
  }
}

function slavesJson(run: RunRecord, nowNs: number, harness: MetricGroups['harness']): RunResult['slaves'] {
  const { counters } = run
  const endNs = run.endNs ?? nowNs
  const {
    state,
    onsetNs,
    endNs: overNs,
    cycles,
    causedTimeouts,
    dumpShare,
    leastReady,
  } = detectThrash(run.slaveMoves, run.retryDelayNs, endNs)
  const ms = (ns: number) => round3((ns - run.startNs) / 1e6)
  const last = run.comparisons.findLast(({ convergence }) => convergence !== undefined)?.convergence
  const cost = dumpCost(run.slaveMoves, endNs)
  const count = Math.max(run.slaveCount, counters.slavesMost)
  return {
    count,
    streaming: counters.slavesStreaming,
    leastStreaming: count - mostLost(run.slaveMoves),
    resyncs: counters.slaveResyncs,
    timeouts: counters.slaveTimeouts,
    drops: counters.slaveDrops,
    kicks: counters.slaveKicks,
    retryDelayMs: run.retryDelayNs / 1e6,
    dumpHoldMs: cost === undefined ? null : round3(cost.holdNs / 1e6),
    thrash: {
      state,
      trigger: onsetNs === undefined ? null : (run.triggerBefore(onsetNs) ?? null),
      onsetMs: onsetNs === undefined ? null : ms(onsetNs),
      endMs: overNs === undefined ? null : ms(overNs),
      cycles,
      causedTimeouts,
      dumpShare: round3(dumpShare),
      leastReady: leastReady ?? null,
    },
    ...amplificationJson(counters),
    ...convergenceJson(run.comparisons),
    realSlaveWouldLose:
      last?.realLosses.map(({ atNs, ...loss }) => ({ ...loss, atMs: ms(atNs), names: [...loss.names] })) ?? null,
    realSlaveUnknown: last?.realUnknown ?? null,
    propagationUs: propagationJson(last, harness),
    conditions: run.conditions.map(({ atNs, ...condition }) => ({ atMs: ms(atNs), ...condition })),
  }
}

function amplificationJson({ slaveListBytes: listBytes, slaveUpdateBytes: updateBytes }: Counters) {
  return { listBytes, updateBytes, amplification: updateBytes === 0 ? null : round3(1 + listBytes / updateBytes) }
}

function convergenceJson(comparisons: readonly Comparison[]) {
  const worst = worstOf(comparisons)
  const made = comparisons.flatMap(({ convergence }) => convergence ?? [])
  return {
    converged: worst === undefined ? null : made.every(agrees),
    comparisons: comparisons.map(({ phase, convergence, failure, barrier }) => ({
      phase,
      failure: failure ?? null,
      ...figuresOf(convergence ?? barrier),
    })),
    ...figuresOf(worst ?? comparisons.findLast(({ barrier }) => barrier)?.barrier),
    differences: comparisons.flatMap(({ phase, convergence }) =>
      (convergence?.differences ?? []).map(difference => ({ phase, ...difference })),
    ),
  }
}

function agrees({ differenceCount, away }: Convergence): boolean {
  return differenceCount === 0 && away.length === 0
}

function figuresOf(convergence: (Barrier & Partial<Convergence>) | undefined) {
  return {
    followed: convergence?.followed ?? 0,
    convergeMs: convergence === undefined ? null : round3(convergence.convergeNs / 1e6),
    away: [...(convergence?.away ?? [])],
    openMailboxes: convergence?.open ?? null,
    differenceCount: convergence?.differenceCount ?? null,
  }
}

function propagationJson(
  last: Convergence | undefined,
  harness: MetricGroups['harness'],
): RunResult['slaves']['propagationUs'] {
  const of = (which: string) => harness[`propagation.${which}`]?.responseTimeUs ?? null
  if (of('all') === null) return null
  const [first, median, lastTime, all] = ['first', 'median', 'last', 'all'].map(of)
  return { first, median, last: lastTime, all, missing: last?.missing ?? null }
}

function phaseJson({ startNs }: RunRecord, moves: readonly SlaveMove[], state: PhaseState, nowNs: number): PhaseResult {
  const { harness: _, ...phase } = state.result(nowNs)
  const endNs = state.endNs ?? nowNs
  const lists = moves.filter(({ kind, atNs }) => kind === 'listed' && state.startNs <= atNs && atNs < endNs)
  return {
    ...phase,
    startMs: round3(phase.startMs - startNs / 1e6),
    listedRecords: lists.reduce((sum, { records = 0 }) => sum + records, 0),
  }
}

function nullable(value: number | undefined): number | null {
  return value === undefined ? null : round3(value)
}

function mapValues<T extends Record<string, number>>(values: T, map: (value: number) => number): T {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)])) as T
}
