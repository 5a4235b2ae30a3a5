import { describe, expect, it } from 'vitest'
import type { MetricSummary, RunResult, TimeSummary } from '../../src/metrics/run-result.js'
import { judge, judgeThreshold } from '../../src/verdict/judge.js'
import { parseThreshold } from '../../src/verdict/threshold.js'

function time(lowerBounds: TimeSummary['lowerBounds'] = []): TimeSummary {
  return { count: 100, min: 10, mean: 40, p50: 50, p90: 90, p99: 99, p999: 99.9, max: 100, lowerBounds }
}

function metric(lowerBounds: TimeSummary['lowerBounds'] = []): MetricSummary {
  return { count: 100, failed: 2, unfinished: 0, ratePerSecond: 10, responseTimeUs: time(lowerBounds) }
}

const none = {
  operations: {},
  steps: {},
  commands: {},
  listedRecords: null,
  master: null,
  harnessCpuMs: null,
  hostFullMs: null,
}

const run: RunResult = {
  schema: 'mupdate-bench/run/1',
  simulated: false,
  id: '000000',
  profile: { name: 'test', seed: 1 },
  startedAt: '2026-01-01T00:00:00.000Z',
  durationMs: 5000,
  state: 'ended',
  harness: { version: '0', node: 'v20', pid: 1, host: {} },
  verdict: { result: 'inconclusive', reasons: [], thresholds: [] },
  master: {
    kind: 'remote',
    address: '127.0.0.1:3905',
    version: '1',
    mailboxDatabase: 'unknown',
    settings: {},
    binaries: {},
    security: null,
    probe: null,
    cpu: { meanCores: null, peakThreadShare: null, peggedMs: null, waitMs: null },
    threads: [],
    rssPeakBytes: null,
    descriptorsPeak: null,
    threadsPeak: null,
    writeBytes: null,
    writeCalls: null,
    diskFlushes: null,
    queueOverflows: null,
    restarts: 0,
    serversListed: null,
    mailboxesListed: null,
  },
  generator: {
    workers: 1,
    startSkewUs: 0,
    phaseSkewUs: 0,
    agents: null,
    cpuCores: 0.1,
    eventLoopDelayUs: { p50: 1, p99: 2, max: 3 },
    scheduleSlipUs: null,
    droppedArrivals: 0,
    skippedOperations: 0,
    stealShare: null,
    saturated: false,
    bytesRead: 0,
    bytesWritten: 0,
    plainBytesRead: 0,
    plainBytesWritten: 0,
  },
  noiseFloor: null,
  slaves: {
    count: 2,
    streaming: 2,
    leastStreaming: 1,
    resyncs: 0,
    timeouts: 0,
    drops: 1,
    kicks: 0,
    retryDelayMs: 20_000,
    dumpHoldMs: null,
    thrash: {
      state: 'none',
      trigger: null,
      onsetMs: null,
      endMs: null,
      cycles: 0,
      causedTimeouts: 0,
      dumpShare: 0,
      leastReady: null,
    },
    listBytes: 0,
    updateBytes: 0,
    amplification: null,
    followed: 0,
    propagationUs: null,
    converged: null,
    convergeMs: null,
    away: [],
    comparisons: [],
    openMailboxes: 0,
    differenceCount: 0,
    realSlaveWouldLose: [],
    realSlaveUnknown: 0,
    differences: [],
    conditions: [],
  },
  probes: { plain: 1, streaming: 0, ratePerSecond: 20 },
  http: null,
  phases: [
    { name: 'calm', startMs: 0, durationMs: 1000, ended: 'duration', ...none },
    {
      name: 'steady',
      startMs: 1000,
      durationMs: 1000,
      ended: 'duration',
      listedRecords: null,
      master: null,
      harnessCpuMs: null,
      hostFullMs: null,
      operations: { create: metric() },
      steps: { 'step.create': { ...metric(), failed: 1 } },
      commands: { NOOP: metric(), 'NOOP.plain': metric(['p99', 'p999', 'max', 'mean']) },
    },
  ],
  total: {
    operations: { create: metric() },
    steps: {},
    commands: { 'NOOP.plain': metric(['p99', 'p999', 'max', 'mean']) },
  },
}

function verdictOf(text: string) {
  return judgeThreshold(run, parseThreshold(text))
}

describe('judgeThreshold', () => {
  it.each([
    ['create.failed <= 2', 'pass'],
    ['create.failed < 2', 'fail'],
    ['create.failed == 2', 'pass'],
    ['create.ratePerSecond >= 10', 'pass'],
    ['create.ratePerSecond > 10', 'fail'],
    ['create.responseTimeUs.p99 < 99us', 'fail'],
    ['create.responseTimeUs.p99 <= 99us', 'pass'],
    ['steady: create.failed == 2', 'pass'],
    ['steady: step.create.failed == 1', 'pass'],
    ['steady: step.create.responseTimeUs.p99 < 99us', 'fail'],
    ['slaves.leastStreaming >= 1', 'pass'],
    ['master.restarts == 0', 'pass'],
    ['durationMs < 5s', 'fail'],
    // The run's own figures are the same in each phase.
    ['steady: slaves.timeouts == 0', 'pass'],
  ])('%s: %s', (text, result) => {
    expect(verdictOf(text).result).toBe(result)
  })

  it.each([
    'NOOP.stream.responseTimeUs.p99 < 1h',
    'calm: create.failed == 0',
    'nophase: create.failed == 0',
    'create.serviceTimeUs.p99 < 1h',
    'create.responseTimeUs < 1h',
    'master.cpu.meanCores < 2',
    'generator.scheduleSlipUs.p99 < 1h',
    'profile.name == 0',
    'nothing == 0',
  ])('%s: missing data fails', text => {
    const { result, reason, value } = verdictOf(text)
    expect(result).toBe('fail')
    expect(reason).toContain('nothing was measured')
    expect(value).toBeUndefined()
  })

  it.each([
    ['master.cpu.peggedMs < 5s', 250, 'inconclusive'],
    ['master.cpu.peggedMs < 2s', 250, 'fail'],
    ['master.restarts == 0', 250, 'pass'],
    ['master.cpu.peggedMs < 5s', 0, 'pass'],
  ])('%s of a master that was not watched for %d ms: %s', (text, missedMs, result) => {
    const probe = { name: 'p', host: 'h', clockOffsetUs: 0, clockErrorUs: 0, missedMs, lost: null }
    const master = { ...run.master, probe, cpu: { ...run.master.cpu, peggedMs: 3_000 } }
    expect(judgeThreshold({ ...run, master }, parseThreshold(text)).result).toBe(result)
  })

  it.each([
    // ≥ 99: it may be more.
    ['NOOP.plain.responseTimeUs.p99 < 200us', 'inconclusive'],
    ['NOOP.plain.responseTimeUs.p99 < 50us', 'fail'],
    ['NOOP.plain.responseTimeUs.p99 > 50us', 'pass'],
    ['NOOP.plain.responseTimeUs.p50 < 200us', 'pass'],
    ['NOOP.plain.responseTimeUs.max == 100us', 'inconclusive'],
  ])('%s on lower bounds: %s', (text, result) => {
    const verdict = verdictOf(text)
    expect(verdict.result).toBe(result)
    if (text.includes('p99')) expect(verdict.reason).toContain('≥ 99')
  })

  it('does not fail on a lower bound below a floor that it may still reach', () => {
    expect(verdictOf('NOOP.plain.responseTimeUs.p99 > 200us').result).toBe('inconclusive')
  })
})

describe('judge', () => {
  const nothing = { saturated: [], inconclusive: [], failures: [], expected: [], losses: [] }
  const pass = parseThreshold('create.failed == 2')
  const fail = parseThreshold('create.failed == 0')
  const doubt = parseThreshold('NOOP.plain.responseTimeUs.p99 < 200us')

  it.each([
    { name: 'no thresholds', thresholds: [], conditions: {}, result: 'pass' },
    { name: 'all kept', thresholds: [pass, pass], conditions: {}, result: 'pass' },
    { name: 'a doubt', thresholds: [pass, doubt], conditions: {}, result: 'inconclusive' },
    { name: 'a failure beside a doubt', thresholds: [doubt, fail], conditions: {}, result: 'fail' },
    {
      name: 'an interrupted run',
      thresholds: [pass],
      conditions: { inconclusive: ['interrupted'] },
      result: 'inconclusive',
    },
    { name: 'a phase that did not get there', thresholds: [pass], conditions: { failures: ['limit'] }, result: 'fail' },
    {
      name: 'a saturated harness, whatever else',
      thresholds: [fail],
      conditions: { saturated: ['late'], failures: ['limit'] },
      result: 'invalid',
    },
    {
      name: 'mailboxes that are gone, however late the harness was',
      thresholds: [pass],
      conditions: { saturated: ['late'], losses: ['gone'] },
      result: 'fail',
    },
  ])('$name: $result', ({ thresholds, conditions, result }) => {
    const verdict = judge([run], thresholds, { ...nothing, ...conditions })
    expect(verdict.result).toBe(result)
    expect(verdict.failures, 'also of an invalid run').toEqual([
      ...('losses' in conditions ? conditions.losses : []),
      ...('failures' in conditions ? conditions.failures : []),
    ])
    for (const said of Object.values(conditions).flat()) expect(verdict.reasons).toContain(said)
    expect(verdict.thresholds).toHaveLength(thresholds.length)
    if (result !== 'pass') expect(verdict.reasons.length).toBeGreaterThan(0)
  })
})
