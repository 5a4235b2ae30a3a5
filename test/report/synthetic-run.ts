import { newCounters } from '../../src/metrics/interval.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import { runResultSchema } from '../../src/metrics/run-result.js'
import type { SecondLine, SlaveLine } from '../../src/metrics/second-line.js'
import { drawnSecond, type RunFiles } from '../../src/report/run-files.js'
import older from '../metrics/older-run.json' with { type: 'json' }

/** Figures of a run that never was, for what only has to be long or odd. */
export function syntheticRun(changes: Partial<RunResult> = {}): RunResult {
  return { ...runResultSchema.parse(older), ...changes }
}

export function noFiles({
  seconds = [],
  ...others
}: Partial<Omit<RunFiles, 'seconds'>> & { seconds?: readonly SecondLine[] } = {}): RunFiles {
  const nothing = { events: [], slaveMoves: [], curves: [], profileYaml: undefined, damagedLines: {} }
  return { ...nothing, seconds: seconds.map(second => drawnSecond(second)), ...others }
}

function time(us: number) {
  return {
    count: 50,
    min: us / 2,
    mean: us,
    p50: us,
    p90: us * 1.5,
    p99: us * 3.217,
    p999: us * 4,
    max: us * 5.113,
    lowerBounds: [],
  }
}

/** A second in which everything there is was measured. @param load moves all figures */
export function fullSecond(index: number, load = Math.abs(Math.sin(index / 7))): SecondLine {
  const us = Math.round(100 + 50_000 * load ** 4) + 0.123
  const metric = {
    count: 50,
    failed: 0,
    unfinished: 0,
    ratePerSecond: 49.987,
    responseTimeUs: time(us),
    serviceTimeUs: time(us),
  }
  return {
    atMs: (index + 1) * 1000.4,
    spanMs: 1000.4,
    phase: 'steady',
    operations: { create: metric, setacl: metric },
    commands: { 'NOOP.plain': metric, 'NOOP.stream': metric, 'NOOP.slave': metric },
    offeredPerSecond: { create: 50, setacl: 10 },
    propagationUs: { first: time(us), median: time(us), last: time(us), all: time(us) },
    master: {
      sampledMs: 1000,
      meanCores: load,
      peakThreadShare: load,
      peggedMs: load > 0.9 ? 500 : 0,
      peggedSpansMs: load > 0.9 ? [[index * 1000, index * 1000 + 500]] : [],
      waitMs: 100 * load,
      rssPeakBytes: 1e8 + index * 1000,
      descriptorsPeak: 90,
      threadsPeak: 60,
      threads: Array.from({ length: 20 }, (_, tid) => ({
        tid: 1000 + tid,
        runShare: load / (tid + 1.37),
        waitShare: 0.01,
      })),
    },
    harness: {
      cpuCores: 0.3,
      stealShare: 0.001,
      eventLoopDelayUs: { p50: us, p99: us, max: us },
      scheduleSlipUs: time(us),
      probeSlipUs: time(us),
    },
    counters: { ...newCounters(), slavesStreaming: 60 },
  }
}

/** Slaves that thrash for all of the time: each loses its master every ten seconds or so. */
export function thrashing(slaves: number, seconds: number): SlaveLine[] {
  const moves: SlaveLine[] = []
  for (let slave = 0; slave < slaves; slave++) {
    moves.push({ atMs: slave, slave, kind: 'joined' })
    for (let atMs = 500 + slave * 37; atMs < seconds * 1000; atMs += 9_000 + ((slave * 131) % 2_000)) {
      moves.push({ atMs, slave, kind: 'connecting' })
      moves.push({ atMs: atMs + 3, slave, kind: 'dump' })
      moves.push({ atMs: atMs + 2_500, slave, kind: 'listed', records: 1000 })
      moves.push({ atMs: atMs + 2_600, slave, kind: 'ready' })
      moves.push({ atMs: atMs + 6_600, slave, kind: 'timed-out' })
    }
  }
  return moves.sort((a, b) => a.atMs - b.atMs)
}
