import { formatDurationUs } from '../../core/units.js'
import type { CapacityCause } from '../../metrics/capacity-result.js'
import type { ConditionName, MetricSummary, PhaseResult, RunResult } from '../../metrics/run-result.js'
import { timedPhases } from './phase-figures.js'

type Resource = CapacityCause['resource']

/** A resource that was used up, and what says so. */
interface Sign {
  readonly resource: Resource
  readonly because: string
}

/** Lists that kept the lock for this part of what had to wait for it explain the wait. */
const EXPLAINS = 0.5
/** A master that was on a CPU, or waiting for one, for this part of a phase had no more to give. */
const BUSY = 0.8
/** NOOPs on a plain connection take no lock: one that waits this long waits for a thread. */
const SILENT_US = 1e6
/** A link of 1 Gbit/s carries no more payload. */
const GIGABIT_BYTES_PER_SECOND = 117e6
const LINK_SHARE = 0.9
/** As many descriptors as select(2)'s sets hold, but for a few (lib/signals.c). */
const MANY_DESCRIPTORS = 1_000

/** A threshold that was not kept. */
export interface Broken {
  readonly phase: string | undefined
  /** As {@link Threshold} has it. */
  readonly path: string
  /** In the unit of the field. */
  readonly value: number | null
}

export interface Failed {
  readonly run: RunResult
  /** Of the site. */
  readonly mailboxes: number
  readonly broken: readonly Broken[]
  /** Whether the master was lost. */
  readonly hasDied: boolean
}

/**
 * What broke first, from what the run saw: the first of these signs that is there, since each may bring about those after
 * it. Lists hold the lock; creates that wait for it keep workers; where no worker is left nobody is greeted.
 */
export function causeOf(failed: Failed): Omit<CapacityCause, 'broken'> {
  const { run } = failed
  const phases = loadedPhases(run)
  const signs = [
    descriptors(failed),
    condition(run, 'connections-exhausted', 'connections'),
    ...phases.map(phase => starved(run, phase)),
    ...phases.map(phase => lists(failed, phase)),
    ...phases.map(phase => diskSync(failed, phase)),
    condition(run, 'workers-exhausted', 'workers'),
    condition(run, 'listen-queue-full', 'listen queue'),
    ...phases.map(phase => silence(run, phase)),
    ...phases.map(pegged),
    network(run),
  ].filter(sign => sign !== undefined)
  const [first, ...others] = signs.length > 0 ? signs : phases.flatMap(phase => waitingInModel(run, phase) ?? [])
  if (first === undefined) return { resource: 'unknown', because: 'nothing that was seen explains it', also: [] }
  const also = [...new Set(others.map(({ resource }) => resource))].filter(resource => resource !== first.resource)
  return { ...first, also }
}

/** Those with load, then those that did not come to their end. */
function loadedPhases(run: RunResult): PhaseResult[] {
  return [...timedPhases(run), ...run.phases.filter(({ ended }) => ended === 'limit')]
}

function condition({ slaves }: RunResult, wanted: ConditionName, resource: Resource): Sign | undefined {
  const found = slaves.conditions.find(({ name }) => name === wanted)
  return found && { resource, because: found.detail }
}

/** Where its log cannot be read, a death with so many connections is one of their number. */
function descriptors({ run, hasDied }: Failed): Sign | undefined {
  const { master, slaves } = run
  const said = condition(run, 'descriptors-exhausted', 'descriptors')
  const isCyrus = master.kind === 'cyrus' || master.kind === 'remote'
  if (said !== undefined || !hasDied || !isCyrus) return said
  const peak = Math.max(master.descriptorsPeak ?? 0, slaves.count)
  if (peak < MANY_DESCRIPTORS) return undefined
  return {
    resource: 'descriptors',
    because: `the master was lost with ${peak} connections: it dies at about 1,010`,
  }
}

/** As long as it waited for a CPU the master could not show what it can do. */
const STARVED = 0.25

/**
 * Threads that wait longer for a CPU than they have one, on a host that has none left, are kept from it by something else:
 * the harness, or others. That is no limit of the master; where they wait for one another, it is. And where CPUs are
 * left, their waits are those of threads that wake each other up on one CPU, as where a lock goes from hand to hand.
 */
function starved({ harness }: RunResult, { name, master, hostFullMs, durationMs }: PhaseResult): Sign | undefined {
  if (master === null || master.waitMs < STARVED * durationMs || master.waitMs < master.cpuMs) return undefined
  const cores = Number(harness.host.cores)
  if (cores > 0 && master.cpuMs >= BUSY * cores * durationMs) return undefined
  // Under a limit of a container's the host's CPUs say nothing.
  const isLimited = Number(harness.host.cpuLimitCores ?? cores) < cores
  if (!isLimited && hostFullMs !== null && hostFullMs < STARVED * durationMs) return undefined
  const time = (ms: number) => formatDurationUs(ms * 1e3)
  return {
    resource: 'harness',
    because: `the master’s threads waited for a CPU for ${time(master.waitMs)} of the ${time(durationMs)} of ${name}, and had one for ${time(master.cpuMs)}: this host was busy with other things, the harness among them`,
  }
}

function lists(failed: Failed, phase: PhaseResult): Sign | undefined {
  const { mailboxes } = failed
  const { dumpHoldMs } = failed.run.slaves
  const { name, listedRecords, durationMs } = phase
  if (dumpHoldMs === null || listedRecords === null || mailboxes === 0) return undefined
  const count = Math.round(listedRecords / mailboxes)
  const heldMs = count * dumpHoldMs
  const waited = waits(failed, phase)
  // What waited for longer than lists explain waited for something else.
  const longestMs = Math.min(durationMs, Math.max(0, ...waited))
  if (count === 0 || waited.length === 0 || heldMs < EXPLAINS * longestMs) return undefined
  const time = (ms: number) => formatDurationUs(ms * 1e3)
  return {
    resource: 'mailboxes lock',
    because: `${count} ${count === 1 ? 'list' : 'lists'} of ${time(dumpHoldMs)} each kept the lock for ${time(heldMs)} of the ${time(durationMs)} of ${name}`,
  }
}

/** What is to be explained, ms: what the broken thresholds say; where they speak of no time, all that a person would notice. */
function waits({ run, broken }: Failed, phase: PhaseResult): number[] {
  const { retryDelayMs, timeouts } = run.slaves
  const asked = broken.flatMap(({ phase: of, path, value }) => {
    const isHere = of === undefined || of === phase.name
    if (path === 'slaves.timeouts') return { isHere, ms: retryDelayMs }
    return /TimeUs\./.test(path) && value !== null ? { isHere, ms: value / 1e3 } : []
  })
  if (asked.length > 0) return asked.filter(({ isHere }) => isHere).map(({ ms }) => ms)
  return [
    ...(phase.ended === 'limit' ? [phase.durationMs] : []),
    ...(timeouts > 0 ? [retryDelayMs] : []),
    ...['create', 'find'].flatMap(kind => waitMs(phase.operations[kind])),
    ...waitMs(phase.commands['NOOP.slave']),
  ]
}

/** Only waits that a person would notice have to be explained. */
const NOTICED_MS = 100

function waitMs(metric: MetricSummary | undefined): number[] {
  const p99 = (metric?.responseTimeUs ?? metric?.serviceTimeUs)?.p99
  return p99 === undefined || p99 < NOTICED_MS * 1e3 ? [] : [p99 / 1e3]
}

/** Cyrus syncs its database for each change, with the lock. */
function diskSync(
  { run: { master }, broken }: Failed,
  { name, master: seen, durationMs, operations }: PhaseResult,
): Sign | undefined {
  const { create } = operations as Record<string, MetricSummary | undefined>
  const flushes = seen?.diskFlushes ?? 0
  if (seen === null || create === undefined || create.count === create.unfinished) return undefined
  if (waitMs(create).length === 0 && !broken.some(({ path }) => path.startsWith('create.'))) return undefined
  const created = create.count - create.unfinished
  if (flushes < created || seen.peggedMs > BUSY * durationMs) return undefined
  // A disk that syncs a few times a second is no limit: what waits then waits for something else.
  const perSecond = (flushes * 1e3) / durationMs
  if (perSecond < SYNCS_OF_A_BUSY_DISK) return undefined
  return {
    resource: 'disk sync',
    because: `in ${name} the disk under ${master.mailboxDatabase} synced ${perSecond.toFixed(0)} times a second for ${((created * 1e3) / durationMs).toFixed(0)} creates, and the master was pegged for ${percent(seen.peggedMs / durationMs)} of it only`,
  }
}

const SYNCS_OF_A_BUSY_DISK = 50

/** Its listener hands each connection to a worker: no answer, though it has nothing to do, means that none is left. */
function silence(run: RunResult, phase: PhaseResult): Sign | undefined {
  const { slaves, probes } = run
  const { name, commands, master, durationMs } = phase
  const noop = commands['NOOP.plain'] as MetricSummary | undefined
  const time = noop?.responseTimeUs
  if (noop === undefined || time === undefined || time.p99 < SILENT_US) return undefined
  if (master !== null && master.peggedMs > BUSY * durationMs) return undefined
  const own = probes.streaming > 0 ? ` and ${probes.streaming} of the harness’s own probes` : ''
  const bound = time.lowerBounds.includes('p99') ? 'more than ' : ''
  const waited = `with ${slaves.count} slaves${own} streaming, 1 % of the NOOPs on a plain connection waited ${bound}${formatDurationUs(time.p99)} in ${name}`
  if (master === null && hasWorkersLeft(run))
    return {
      resource: 'thread pegged',
      because: `${waited}, with workers left: the listener takes one event after the other`,
    }
  const idle =
    master === null ? '' : `, though the master was pegged for ${percent(master.peggedMs / durationMs)} of it only`
  const kept = hasWorkersLeft(run)
    ? 'streams, and operations that wait, keep all workers'
    : 'each stream keeps a worker, and none is left'
  return { resource: 'workers', because: `${waited}${idle}: ${kept}` }
}

const DEFAULT_WORKERS = 50

/** More than its streams keep, and two for the rest. */
function hasWorkersLeft({ master, slaves, probes }: RunResult): boolean {
  const most = Number(master.settings.mupdate_workers_max ?? DEFAULT_WORKERS)
  return master.kind !== 'remote' && slaves.count + probes.streaming < most - 2
}

function pegged({ name, master, durationMs }: PhaseResult): Sign | undefined {
  if (master === null || durationMs === 0 || master.peggedMs < BUSY * durationMs) return undefined
  return {
    resource: 'thread pegged',
    because: `in ${name} the master was pegged for ${percent(master.peggedMs / durationMs)} of the time, with ${(master.cpuMs / durationMs).toFixed(2)} CPUs used`,
  }
}

function network({ master, generator, durationMs }: RunResult): Sign | undefined {
  const bytes = Math.max(generator.bytesRead ?? 0, generator.bytesWritten ?? 0)
  const perSecond = (bytes * 1e3) / durationMs
  if (master.kind !== 'remote' || perSecond < LINK_SHARE * GIGABIT_BYTES_PER_SECOND) return undefined
  return {
    resource: 'network',
    because: `${(perSecond / 1e6).toFixed(0)} MB a second went over the network, about what a link of 1 Gbit/s carries`,
  }
}

/** A model says nothing of CPU: there a change costs time with the lock, and nothing else. */
function waitingInModel({ simulated, master }: RunResult, { name, operations }: PhaseResult): Sign | undefined {
  if (!simulated && master.kind !== 'model') return undefined
  const waiting = Object.keys(operations).filter(kind => waitMs(operations[kind]).length > 0)
  if (waiting.length === 0) return undefined
  return {
    resource: 'mailboxes lock',
    because: `in ${name} operations (${waiting.join(', ')}) waited for one another: in the model, which knows no CPU, they cost time with the lock`,
  }
}

function percent(share: number): string {
  return `${Math.round(Math.min(1, share) * 100)} %`
}
