import type { Credentials, MasterAddress } from '../core/address.js'
import { type Share, WHOLE } from '../core/share.js'
import type { BackendsOptions } from '../drivers/backends.js'
import type { HttpOptions } from '../drivers/http.js'
import type { PreloadOptions } from '../drivers/preload.js'
import type { ProbesOptions } from '../drivers/probes.js'
import type { SlaveAffair, SlavesOptions } from '../drivers/slaves.js'
import type { ArrivalSpec, MixSpec, SiteSpec, StepSpec } from '../generators/spec.js'
import type { PeerPort } from './ledger-peer.js'
import type { StopLossPlan } from './stop-loss.js'

/** What can run in a phase. */
export type Runnable = 'preload' | 'slaves' | 'kicks' | 'probes' | 'backends' | 'http'

/** What ends a phase that has no duration. */
export type Condition = 'preloaded' | 'streaming' | 'idle' | 'converged' | 'counted' | 'done'

/** Before slaves are compared: for operations that a drain phase, if there was one, did not see the end of. */
export const LAST_OPERATIONS_MS = 2_000
/** For a login of the run's own, before and when it ends: a master that stands still is not waited for. */
export const ANSWER_MS = 5_000

export interface PlanPhase {
  readonly name: string
  readonly run: readonly Runnable[]
  /** Exactly one of this and `until` is given. */
  readonly durationNs?: number
  readonly until?: Condition
  readonly limitNs: number
  readonly arrivals: ArrivalSpec
  /** What is done beside all that runs, at so many mailboxes a second. */
  readonly step?: { readonly spec: StepSpec; readonly mailboxesPerSecond: number }
  /** In the order of their times. */
  readonly events: readonly TimelineEvent[]
}

/** What the profile plans to befall slaves or the master. */
export interface TimelineEvent {
  /** From the start of the phase. */
  readonly atNs: number
  readonly affair: SlaveAffair | MasterAffair
}

/** Most slaves that the plan lets be there at one time, those that join later among them. */
export function mostSlaves({ slaves, phases }: Pick<Plan, 'slaves' | 'phases'>): number {
  const others = slaves.others.reduce((sum, { count }) => sum + count, 0)
  const joins = phases
    .filter(({ run }) => run.includes('slaves'))
    .flatMap(({ events }) => events)
    .reduce((sum, { affair }) => sum + (affair.kind === 'join' ? (affair.slaves ?? 1) : 0), 0)
  return slaves.count + others + joins
}

export type MasterAffair = { readonly kind: 'restartMaster' | 'emptyMaster' }

export function isMasterAffair(affair: SlaveAffair | MasterAffair): affair is MasterAffair {
  return affair.kind === 'restartMaster' || affair.kind === 'emptyMaster'
}

/** Whether backends send operations in it. */
export function operates({ run, step }: Pick<PlanPhase, 'run' | 'step'>): boolean {
  return run.includes('backends') || step !== undefined
}

/** How many connections backends may have under way at once beside those that they keep. */
export function briefConnectionsOf({ backends, site, phases }: Pick<Plan, 'backends' | 'site' | 'phases'>): number {
  if (backends.connection !== 'per-operation' || !phases.some(operates)) return 0
  return backends.inFlight * site.backends.length
}

/** All that a run does, as plain data: it crosses to worker threads as it is. */
export interface Plan {
  readonly seed: number
  readonly site: SiteSpec
  readonly preload: PreloadOptions
  readonly backends: Omit<BackendsOptions, 'backends' | 'share'>
  readonly mix: MixSpec
  readonly slaves: SlavesOptions
  readonly kicks: { readonly ratePerSecond: number }
  /** How long slaves may take to come through where they are to be compared. */
  readonly catchUpMs: number
  readonly probes: ProbesOptions
  readonly http?: HttpOptions
  readonly phases: readonly PlanPhase[]
  /** Indices of phases that a run before, which this one goes on with, has been through. */
  readonly over?: readonly number[]
  /** Absent: it goes on whatever happens. */
  readonly stopLoss?: StopLossPlan
}

/** The part of a plan that one thread carries out. */
export interface Shard {
  readonly name: string
  readonly runs: readonly Runnable[]
  /** Of the slaves. */
  readonly share: Share
  /** Of the backends, with all that arrives for them; absent where it has none. */
  readonly backends?: Share
}

/**
 * Whether each of several threads can send what arrives for its own part of the backends. Each draws all operations, and
 * sends its own, which is all that ever names their mailboxes. A step goes from one backend to another, what is counted, or
 * gone on with, is what one thread has sent; a closed loop goes on when an answer comes, whosoever it is; and of a unified
 * murder a backend kicks the slave on its own host.
 */
function sharesArrivals({ phases, slaves }: Plan): boolean {
  const sends = phases.filter(operates)
  // What it was refused, the others have heard of when it is over.
  const isListFirst = phases.every(
    phase => !phase.run.includes('preload') || (phase.until === 'preloaded' && !operates(phase)),
  )
  return (
    isListFirst &&
    sends.every(({ step, arrivals }) => step === undefined && arrivals.kind !== 'closed') &&
    phases.every(({ until }) => until !== 'counted') &&
    slaves.others.every(({ backend }) => backend !== true)
  )
}

/**
 * Probes have a thread of their own: a thread busy parsing dumps must not delay their timestamps. HTTP users run in
 * the main thread: autocannon hands out half of its results in any other, taking itself for a worker of its own there.
 * Slaves are dealt out to all threads of load, and backends to those of this process: what is sent is noted here before, so
 * that whatever happens it can be taken off the master.
 *
 * @param workers threads of load, at most
 * @param mostSenders of them, that may have backends
 */
export function shardsOf(plan: Plan, workers: number, mostSenders: number): Shard[] {
  const used = new Set(
    plan.phases.flatMap(phase => (operates(phase) ? [...phase.run, 'backends' as const] : phase.run)),
  )
  const mirrors = used.has('slaves') ? Math.min(workers, mostSlaves(plan)) : 0
  const senders = used.has('backends') && sharesArrivals(plan) ? Math.min(mostSenders, plan.site.backends.length) : 1
  const of = Math.max(1, mirrors, senders)
  const load = Array.from({ length: of }, (_, index): Shard => {
    const share = { index, of }
    const name = index === 0 ? 'load' : `load-${index + 1}`
    if (index >= senders) return { name, runs: ['slaves', 'kicks'], share }
    const runs: readonly Runnable[] = index === 0 ? ['preload', ...SENDS] : SENDS
    return { name, runs, share, backends: { index, of: senders } }
  })
  const shards: Shard[] = [...load, { name: 'probes', runs: ['probes'], share: WHOLE }]
  return shards.filter(shard => shard.runs.some(runnable => used.has(runnable)))
}

const SENDS: readonly Runnable[] = ['slaves', 'kicks', 'backends']

/** What outlives a run that is killed, as its master does; nothing where that ends with it. */
export interface RunNotes {
  /** File to which names are written before they are sent. */
  readonly journalPath?: string
  /** File of `Draws`; absent where nobody can go on with the run. */
  readonly drawsPath?: string
  /** Mailboxes of which it is not known that they are there, as of a run that this one goes on with. */
  readonly doubtful?: readonly string[]
  /** How many that run has left there. */
  readonly expected?: number
  /** A file in which all connections are traced, from `startNs` on. */
  readonly trace?: { readonly path: string; readonly startNs: number }
}

/** What a worker thread is started with. */
export interface WorkerSetup extends CrewSetup {
  readonly shard: Shard
  /** To the others that have slaves, each or several at once; none where their records are not followed. */
  readonly ports: readonly PeerPort[]
}

/** What all threads of a run are started with. */
export interface CrewSetup {
  readonly plan: Plan
  readonly originS: number
  /** On another host: by how much its clock is ahead. */
  readonly offsetNs?: number
  /** How wrong that may be. */
  readonly offsetErrorNs?: number
  readonly address: MasterAddress
  readonly credentials: Credentials
  /** Whether the master may be asked for a LIST of its own. */
  readonly mayList: boolean
  readonly notes: RunNotes
  /** Threads that have backends. */
  readonly senders: number
}

/** Whether slaves are to be compared with what they should hold. */
export function followsSlaves({ phases }: Pick<Plan, 'phases'>): boolean {
  return phases.some(({ until }) => until === 'converged')
}
