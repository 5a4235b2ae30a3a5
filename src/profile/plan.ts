import type { StopLossPlan } from '../engine/stop-loss.js'
import type { MasterAffair, Plan, PlanPhase, TimelineEvent } from '../engine/plan.js'
import type { SlaveAffair } from '../drivers/slaves.js'
import { backendOn, sitePlan } from '../generators/site-plan.js'
import type { Copying, Selection, SiteSpec, StepSpec } from '../generators/spec.js'
import { arrivalSpec, type Profile } from './load.js'
import {
  catchUpNs,
  comparisonLimitNs,
  type EventDocument,
  endsWithComparison,
  isQuiet,
  LAST_COMPARISON,
  type SelectionDocument,
  type StepDocument,
} from './schema.js'
import { checkSteps, madeUsers } from './step-check.js'

/** Memory for following slaves record by record; beyond it only some of them are, and the result says how many. */
const FOLLOWING_BYTES = 512e6
/** Four for what it holds, and four while a new list comes. */
const BYTES_PER_MAILBOX = 8
const SPARE_MAILBOXES = 10_000

/**
 * What a profile asks for, as the engine takes it.
 *
 * @param userPrefix marker put before every user's name; empty on masters that are ours alone
 */
export function planOf(profile: Profile, userPrefix: string): Plan {
  const { backends, slaves, kicks, probes, http } = profile
  const slaveCount = slaves.others.reduce((sum, { count }) => sum + count, slaves.count)
  const phases = profile.phases.map(phase => ({
    name: phase.name,
    run: phase.run,
    ...(phase.duration === undefined ? {} : { durationNs: phase.duration }),
    ...(phase.until === undefined ? {} : { until: phase.until }),
    limitNs: phase.limit,
    arrivals: arrivalSpec(phase.arrivals ?? backends.arrivals, phase.duration ?? phase.limit),
    ...(phase.step === undefined ? {} : { step: plannedStep(phase.step, profile.site) }),
    events: phase.events.flatMap(event => timelineEvents(event, slaveCount)).sort((a, b) => a.atNs - b.atNs),
  }))
  // A dump is not read here: whoever reads it checks them.
  if (profile.site.dump === undefined) checkSteps(profile, () => madeUsers(profile.site, profile.seed))
  return {
    seed: profile.seed,
    site: { ...profile.site, userPrefix },
    preload: profile.preload,
    backends: {
      connection: backends.connection,
      connectionsPerBackend: backends.connectionsPerBackend,
      inFlight: backends.inFlight,
    },
    mix: backends.mix,
    slaves: {
      count: slaves.count,
      retryDelayNs: slaves.retryDelay,
      staggerNs: slaves.start === 'staggered' ? slaves.staggerOver : 0,
      mergeNsPerMailbox: slaves.mergePerMailbox,
      mostFollowed: Math.floor(FOLLOWING_BYTES / ((profile.site.mailboxes + SPARE_MAILBOXES) * BYTES_PER_MAILBOX)),
      others: slaves.others.map(({ servers, readBytesPerSecond, ...other }) => ({
        ...other,
        ...(servers === undefined ? {} : { servers }),
        ...(readBytesPerSecond === undefined ? {} : { readBytesPerSecond }),
      })),
    },
    kicks: { ratePerSecond: kicks.rate },
    catchUpMs: catchUpNs(slaves.retryDelay) / 1e6,
    probes: { ratePerSecond: probes.rate, plain: probes.plain, streaming: probes.streaming },
    ...(http === undefined ? {} : { http: { url: http.url, connections: http.connections, ratePerSecond: http.rate } }),
    ...(profile.stopLoss === undefined ? {} : { stopLoss: stopLossPlan(profile.stopLoss, slaves.retryDelay) }),
    phases: endsWithComparison(profile) ? [...phases, comparisonAfter(phases.at(-1)!, slaves.retryDelay)] : phases,
  }
}

function stopLossPlan({ shrink, noop, wipe }: NonNullable<Profile['stopLoss']>, retryDelayNs: number): StopLossPlan {
  // One that times out has waited for all of it, and a little more.
  return { shrinkShare: shrink, noopNs: noop === 1 ? Infinity : noop * retryDelayNs, mayWipe: wipe }
}

/** @throws {HarnessError} `PROFILE_INVALID` for a backend that the site has not */
function plannedStep({ rate, ...steps }: StepDocument, site: SiteSpec): NonNullable<PlanPhase['step']> {
  const spec = stepSpec(steps, site)
  for (const server of serversOf(spec)) backendOn(sitePlan(site), server)
  return { spec, mailboxesPerSecond: rate }
}

function stepSpec(
  { create, move, replace, renameDomain, delete: remove, setAcl, push, undo }: Omit<StepDocument, 'rate'>,
  site: SiteSpec,
): StepSpec {
  if (create !== undefined) {
    const { users, on } = create
    return Array.isArray(users)
      ? { kind: 'create', users: users.length, named: users, on }
      : { kind: 'create', users, on }
  }
  if (remove !== undefined) return { kind: 'delete', selection: selectionOf(remove) }
  if (move !== undefined) {
    const { to, abort, copy, parallel, ...selection } = move
    return { kind: 'move', to, abort, selection: selectionOf(selection), ...copyingOf(copy, parallel) }
  }
  if (replace !== undefined) {
    const { from, to, copy, parallel } = replace
    return { kind: 'replace', from, to, ...copyingOf(copy, parallel) }
  }
  if (renameDomain !== undefined) return { kind: 'renameDomain', ...renameDomain }
  if (setAcl !== undefined) {
    const { identifier, rights, ...selection } = setAcl
    return { kind: 'setAcl', identifier, rights, selection: selectionOf(selection) }
  }
  if (undo !== undefined) return { kind: 'undo' }
  const { servers = site.backends.map(({ server }) => server), parallel } = push ?? {}
  return { kind: 'push', servers, ...(parallel === undefined ? {} : { parallel }) }
}

function copyingOf(copyNs: number | undefined, parallel = 1): { readonly copying?: Copying } {
  return copyNs === undefined ? {} : { copying: { copyNs, parallel } }
}

function selectionOf({ users, ...selection }: SelectionDocument): Selection {
  return Array.isArray(users) ? { ...selection, named: users } : { ...selection, users }
}

function serversOf(spec: StepSpec): string[] {
  switch (spec.kind) {
    case 'push':
      return [...spec.servers]
    case 'create':
      return spec.on === undefined ? [] : [spec.on]
    case 'move':
      return [spec.to, ...fromOf(spec.selection)]
    case 'replace':
      return [spec.from, spec.to]
    case 'renameDomain':
    case 'undo':
      return []
    case 'delete':
    case 'setAcl':
      return fromOf(spec.selection)
  }
}

function fromOf({ from }: Selection): string[] {
  return from === undefined ? [] : [from]
}

/** Most runs end with one, that no profile has to ask for. */
function comparisonAfter({ run, arrivals }: PlanPhase, retryDelay: number): PlanPhase {
  return {
    name: LAST_COMPARISON,
    run: run.filter(isQuiet),
    until: 'converged',
    limitNs: comparisonLimitNs(retryDelay),
    arrivals,
    events: [],
  }
}

/** One event, or a train of them. @param count slaves that there are from the start */
function timelineEvents(event: EventDocument, count: number): TimelineEvent[] {
  const { at, every = 0, times = 1, over, slaves = count } = event
  return Array.from({ length: times }, (_, i) => at + i * every).flatMap(atNs =>
    over === undefined
      ? [{ atNs, affair: affairOf(event) }]
      : Array.from({ length: slaves }, (_, first) => ({
          atNs: atNs + Math.round((first * over) / Math.max(1, slaves - 1)),
          affair: { kind: 'restart' as const, slaves: 1, first },
        })),
  )
}

function affairOf({ do: kind, slaves, for: forNs = 0 }: EventDocument): SlaveAffair | MasterAffair {
  const count = slaves === undefined ? {} : { slaves }
  switch (kind) {
    case 'restartMaster':
    case 'emptyMaster':
      return { kind }
    case 'freeze':
    case 'loseNetwork':
      return { kind, forNs, ...count }
    case 'restart':
    case 'join':
    case 'leave':
      return { kind, ...count }
  }
}
