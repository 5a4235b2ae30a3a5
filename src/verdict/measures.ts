import type { MetricSummary, PhaseResult, RunResult, TimeSummary } from '../metrics/run-result.js'

/** What one run says of a measure. */
export interface Reading {
  readonly value: number
  /** Operations that never ended are in it: the true value is no smaller. */
  readonly isLowerBound: boolean
  /** CPU that the harness used for the same work, in any one unit. */
  readonly harness?: number
}

/** A figure by which runs of one profile are compared. */
export interface Measure {
  readonly name: string
  /** In words, for tables. */
  readonly title: string
  readonly unit: 's' | 'µs' | '/s' | 'bytes' | 'count'
  readonly better: 'less' | 'more'
  /** Whether it decides, unless others are chosen: the steadiest do. */
  readonly gating: boolean
  /** Share by which it has to be worse before that is a regression. */
  readonly minimumEffect: number
  /**
   * How much of it goes with the harness's own CPU, which has the same work on both sides, on the same machine at the same
   * time: so many per cent for each of its. As it was in 45 runs of one master (docs/ci.md); absent where nothing is known.
   */
  readonly sharedWithHarness?: number
  /** Undefined where the run has no such figure. */
  of(run: RunResult): Reading | undefined
}

const PER_CREATES = 10_000
const PER_MAILBOXES = 100_000

/** The steadiest first. */
export const MEASURES: readonly Measure[] = [
  {
    name: 'cpuPerCreates',
    title: 'CPU, 10k creates',
    unit: 's',
    better: 'less',
    gating: true,
    minimumEffect: 0.05,
    sharedWithHarness: 0.75,
    of: cpuPerCreates,
  },
  {
    name: 'cpuPerDump',
    title: 'CPU, list of 100k',
    unit: 's',
    better: 'less',
    gating: true,
    minimumEffect: 0.05,
    sharedWithHarness: 0.5,
    of: cpuPerDump,
  },
  {
    name: 'dumpTime',
    title: 'time of a list of 100k',
    unit: 's',
    better: 'less',
    gating: true,
    minimumEffect: 0.1,
    sharedWithHarness: 0.25,
    of: dumpTime,
  },
  {
    name: 'createRate',
    title: 'creates, closed loop',
    unit: '/s',
    better: 'more',
    gating: true,
    minimumEffect: 0.1,
    sharedWithHarness: 0.6,
    of: createRate,
  },
  timed('noopSlaveP50', 'NOOP.slave p50', run => timeOf(run.total.commands['NOOP.slave']), 'p50'),
  timed('noopSlaveP99', 'NOOP.slave p99', run => timeOf(run.total.commands['NOOP.slave']), 'p99'),
  timed('noopPlainP50', 'NOOP.plain p50', run => timeOf(run.total.commands['NOOP.plain']), 'p50'),
  timed('noopPlainP99', 'NOOP.plain p99', run => timeOf(run.total.commands['NOOP.plain']), 'p99'),
  timed('createP99', 'create p99, open model', openCreateTime, 'p99'),
  timed('propagationP50', 'propagation, all, p50', run => run.slaves.propagationUs?.all ?? undefined, 'p50'),
  timed('propagationP99', 'propagation, all, p99', run => run.slaves.propagationUs?.all ?? undefined, 'p99'),
  advisory('writeBytesPerCreate', 'written, a create', 'bytes', run => perCreate(run, ofMaster('writeBytes'))),
  advisory('writeCallsPerCreate', 'write calls, a create', 'count', run => perCreate(run, ofMaster('writeCalls'))),
  advisory('flushesPerCreate', 'disk’s syncs, a create', 'count', run => perCreate(run, ofMaster('diskFlushes'))),
  advisory('rssPerMailbox', 'memory, a mailbox', 'bytes', rssPerMailbox),
  advisory('rssPerSlave', 'memory, a slave', 'bytes', rssPerSlave),
  advisory('resyncs', 'resyncs', 'count', run => exact(run.slaves.resyncs)),
  advisory('timeouts', 'time-outs', 'count', run => exact(run.slaves.timeouts)),
]

function advisory(name: string, title: string, unit: Measure['unit'], of: Measure['of']): Measure {
  return { name, title, unit, better: 'less', gating: false, minimumEffect: 0.1, of }
}

/** Of times that are a matter of chance more than of the build. */
function timed(
  name: string,
  title: string,
  time: (run: RunResult) => TimeSummary | undefined,
  statistic: 'p50' | 'p99',
): Measure {
  const of = (run: RunResult): Reading | undefined => {
    const summary = time(run)
    if (summary === undefined) return undefined
    return { value: summary[statistic], isLowerBound: summary.lowerBounds.includes(statistic) }
  }
  return { ...advisory(name, title, 'µs', of), minimumEffect: 0.2 }
}

function exact(value: number | undefined): Reading | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : { value, isLowerBound: false }
}

/** A closed loop has no intended starts. */
function timeOf(metric: MetricSummary | undefined): TimeSummary | undefined {
  return metric?.responseTimeUs ?? metric?.serviceTimeUs
}

/** Phases in a closed loop, whose work is the master's speed; where there are none, all with creates. */
function createPhases({ phases }: RunResult): readonly PhaseResult[] {
  const creating = phases.filter(({ operations }) => answered(operations.create) > 0)
  const closed = creating.filter(isClosedLoop)
  return closed.length > 0 ? closed : creating
}

function isClosedLoop({ operations }: PhaseResult): boolean {
  return operations.create !== undefined && operations.create.responseTimeUs === undefined
}

function answered(metric: MetricSummary | undefined): number {
  return metric === undefined ? 0 : metric.count - metric.failed - metric.unfinished
}

function cpuPerCreates(run: RunResult): Reading | undefined {
  return beside(perCreate(run, ofMaster('cpuMs'), PER_CREATES / 1e3), harnessPerCreate(run))
}

function harnessPerCreate(run: RunResult): number | undefined {
  return perCreate(run, ({ harnessCpuMs }) => harnessCpuMs)?.value
}

/** A reading with what the harness used for the same work. */
function beside(reading: Reading | undefined, harness: number | undefined): Reading | undefined {
  return reading === undefined || harness === undefined || harness === 0 ? reading : { ...reading, harness }
}

function createdIn(phases: readonly PhaseResult[]): number {
  return phases.reduce((count, { operations }) => count + answered(operations.create), 0)
}

type PhaseFigure = (phase: PhaseResult) => number | null

function ofMaster(figure: 'cpuMs' | 'writeBytes' | 'writeCalls' | 'diskFlushes'): PhaseFigure {
  return ({ master }) => master?.[figure] ?? null
}

function perCreate(run: RunResult, figure: PhaseFigure, creates = 1): Reading | undefined {
  const phases = createPhases(run)
  const used = sum(phases, phase => figure(phase) ?? undefined)
  const made = createdIn(phases)
  return used === undefined || made === 0 ? undefined : exact((used * creates) / made)
}

/** The phase with the most lists, of those in which nothing else was asked for. */
function listPhase({ phases }: RunResult): PhaseResult | undefined {
  return phases
    .filter(({ listedRecords, operations }) => (listedRecords ?? 0) > 0 && Object.keys(operations).length === 0)
    .reduce<PhaseResult | undefined>(
      (most, phase) => (most === undefined || listsIn(phase) > listsIn(most) ? phase : most),
      undefined,
    )
}

function listsIn({ commands }: PhaseResult): number {
  return answered(commands.UPDATE)
}

function cpuPerDump(run: RunResult): Reading | undefined {
  const phase = listPhase(run)
  if (phase?.master == null) return undefined
  const listed = phase.listedRecords ?? 0
  return beside(exact((phase.master.cpuMs / 1e3 / listed) * PER_MAILBOXES), harnessPerRecord(phase))
}

function harnessPerRecord({ harnessCpuMs, listedRecords }: PhaseResult): number | undefined {
  return harnessCpuMs === null || !listedRecords ? undefined : harnessCpuMs / listedRecords
}

/** The middle one of its lists. */
function dumpTime(run: RunResult): Reading | undefined {
  const phase = listPhase(run)
  const time = phase?.commands.UPDATE?.serviceTimeUs
  if (phase === undefined || time === undefined) return undefined
  const mailboxes = (phase.listedRecords ?? 0) / listsIn(phase)
  const value = (time.p50 / 1e6 / mailboxes) * PER_MAILBOXES
  return beside({ value, isLowerBound: time.lowerBounds.includes('p50') }, harnessPerRecord(phase))
}

function createRate(run: RunResult): Reading | undefined {
  const closed = run.phases.filter(isClosedLoop)
  const seconds = closed.reduce((total, { durationMs }) => total + durationMs / 1e3, 0)
  const made = createdIn(closed)
  return seconds === 0 || made === 0 ? undefined : beside(exact(made / seconds), harnessPerCreate(run))
}

/** Of the last phase in an open model that created. */
function openCreateTime({ phases }: RunResult): TimeSummary | undefined {
  return phases.findLast(({ operations }) => operations.create?.responseTimeUs !== undefined)?.operations.create
    ?.responseTimeUs
}

function rssPerMailbox({ master: { rssPeakBytes, mailboxesListed } }: RunResult): Reading | undefined {
  return rssPeakBytes === null || !mailboxesListed ? undefined : exact(rssPeakBytes / mailboxesListed)
}

/** What the master grew by in the phase in which slaves read their first lists. */
function rssPerSlave({ phases, slaves }: RunResult): Reading | undefined {
  const index = phases.findIndex(({ listedRecords }) => (listedRecords ?? 0) > 0)
  const [before, after] = [phases[index - 1]?.master?.rssBytes, phases[index]?.master?.rssBytes]
  if (typeof before !== 'number' || typeof after !== 'number' || slaves.count === 0) return undefined
  return exact((after - before) / slaves.count)
}

/** Undefined where one of them has no such figure, or there are none. */
function sum(phases: readonly PhaseResult[], figure: (phase: PhaseResult) => number | undefined): number | undefined {
  const figures = phases.map(figure)
  if (figures.length === 0 || figures.includes(undefined)) return undefined
  return figures.reduce<number>((total, value) => total + (value ?? 0), 0)
}
