import { HarnessError } from '../core/errors.js'
import type { CapacityAxis } from '../metrics/capacity-result.js'
import type { TrialLength } from '../verdict/capacity/evidence.js'
import { durationText, type Profile } from './load.js'
import { DURATION_KEYS } from './schema.js'

type Phase = Profile['phases'][number]

/** How a profile is made to have more or less of something. */
export interface Variation {
  /** What the profile itself has. */
  readonly start: number
  readonly least: number
  readonly most: number
  /** As `--set` takes them. */
  sets(value: number, length: TrialLength): string[]
  /** Time of its phases that have one. */
  readonly fixedMs: Readonly<Record<TrialLength, number>>
}

/** Streams keep their workers when a timer of 5 s has fired, in whole seconds (imap/mupdate.c update_wait); then that has to be seen. */
const SHORTEST_NS = 10e9
/** After two retry delays whoever was to time out has done so. */
const AFTER_EVENT_NS = 4e9
/** Where a restart is put into a profile that has none: changes stream by then. */
const RESTART_NS = 1e9
/** What is tried where the profile has none. */
const START = { slaves: 10, creates: 10, kicks: 10, connections: 10, resyncs: 1, mailboxes: 1000 } as const

/** @throws {HarnessError} `USAGE` where the profile has no phase that it could be varied in */
export function variationOf(profile: Profile, axis: CapacityAxis): Variation {
  const vary = VARIATIONS[axis](profile)
  const events = vary.eventsOf ?? (phase => phase.events)
  const lengths = timedPhases(profile).map(({ phase, index }) => ({
    index,
    ...lengthsOf(phase, events(phase), profile, axis),
  }))
  const lengthSets = (length: TrialLength) =>
    lengths.map(phase => `phases.${phase.index}.duration=${durationText(phase[length])}`)
  const sum = (length: TrialLength) => lengths.reduce((total, phase) => total + phase[length] / 1e6, 0)
  return {
    start: vary.start > 0 ? vary.start : START[axis],
    least: vary.least ?? 1,
    most: vary.most ?? Infinity,
    sets: (value, length) => [...vary.sets(value), ...lengthSets(length)],
    fixedMs: { short: sum('short'), full: sum('full') },
  }
}

/** A phase keeps its events, and is no longer than it was, but for resyncs, whose end has to be seen. */
function lengthsOf(phase: Phase, events: Phase['events'], { slaves }: Profile, axis: CapacityAxis) {
  const lastNs = Math.max(
    -Infinity,
    ...events.map(({ at, every = 0, times = 1, over = 0 }) => at + (times - 1) * every + over),
  )
  const neededNs = Math.max(SHORTEST_NS, lastNs + 2 * slaves.retryDelay + AFTER_EVENT_NS)
  const full = axis === 'resyncs' ? Math.max(phase.duration!, neededNs) : phase.duration!
  return { short: Math.min(full, neededNs), full }
}

interface Varied {
  readonly start: number
  readonly least?: number
  readonly most?: number
  /** Events of a phase once it is varied, where they change. */
  eventsOf?(phase: Phase): Phase['events']
  sets(value: number): string[]
}

const VARIATIONS: Readonly<Record<CapacityAxis, (profile: Profile) => Varied>> = {
  slaves: variedSlaves,
  mailboxes: variedMailboxes,
  creates: variedCreates,
  resyncs: variedResyncs,
  kicks: variedKicks,
  connections: variedConnections,
}

/** All of them are there from the start: those that would join later are the load itself. */
function variedSlaves(profile: Profile): Varied {
  requirePhases(profile, 'slaves', 'slaves')
  const others = profile.slaves.others.reduce((sum, { count }) => sum + count, 0)
  const start = profile.slaves.count + others
  const eventsOf = ({ events }: Phase) => events.filter(event => event.do !== 'join' && event.do !== 'leave')
  const moving = profile.phases.flatMap((phase, index) =>
    eventsOf(phase).length < phase.events.length ? [`phases.${index}.events=${eventsText(eventsOf(phase))}`] : [],
  )
  return {
    start,
    least: others + 1,
    eventsOf,
    sets: value => [
      `slaves.count=${value - others}`,
      ...longerLimits(profile, ['streaming'], limit => limit + (value - start) * profile.site.mailboxes * LISTED_NS),
      ...moving,
    ],
  }
}

/**
 * A frontend's restart is what mailboxes cost something at: where the profile has none, one slave is restarted. To load and
 * to read more takes longer, which is no failure.
 */
function variedMailboxes(profile: Profile): Varied {
  const { site } = profile
  const timed = timedPhases(profile).filter(({ phase }) => phase.run.includes('slaves'))
  const restarted = timed.some(({ phase }) => phase.events.length > 0) ? [] : timed.slice(0, 1)
  return {
    start: site.mailboxes,
    ...(site.dump === undefined ? {} : { most: site.mailboxes }),
    sets: value => [
      `site.mailboxes=${value}`,
      ...longerLimits(profile, ['preloaded', 'streaming'], limit => (limit * value) / site.mailboxes),
      ...restarted.map(({ phase, index }) => `phases.${index}.events=${eventsText(withRestart(phase, 1))}`),
    ],
  }
}

const LONGEST_LIMIT_NS = 86_400e9

/** Of one more list, for each mailbox: what a slow host needs. */
const LISTED_NS = 20_000

/** A phase that waits for more than the profile has may take longer: that is no failure. */
function longerLimits(
  { phases }: Profile,
  until: readonly Phase['until'][],
  longer: (limitNs: number) => number,
): string[] {
  return phases.flatMap((phase, index) => {
    const limit = Math.min(LONGEST_LIMIT_NS, Math.round(longer(phase.limit)))
    return until.includes(phase.until) && limit > phase.limit ? [`phases.${index}.limit=${durationText(limit)}`] : []
  })
}

/** The other operations of the mix keep their proportion to creates. */
function variedCreates(profile: Profile): Varied {
  const phases = requirePhases(profile, 'creates', 'backends')
  const { create, setacl, rename, delete: remove, find } = profile.backends.mix
  if (create === 0)
    throw new HarnessError(
      'USAGE',
      '--vary creates: nothing is created in this profile',
      'add --set backends.mix.create=1',
    )
  const perCreate = (create + setacl + rename + remove + find) / create
  return {
    start: Math.round(rateOf(profile, phases[0]!.phase) / perCreate),
    sets: value => phases.map(({ phase, index }) => arrivalsSet(profile, phase, index, value * perCreate)),
  }
}

/** Each operation opens one, as those of real backends do; a look-up, since that costs the least beside it. */
function variedConnections(profile: Profile): Varied {
  const phases = requirePhases(profile, 'connections', 'backends')
  return {
    start: Math.round(rateOf(profile, phases[0]!.phase)),
    sets: value => [
      'backends.connection=per-operation',
      'backends.mix={ find: 1 }',
      ...phases.map(({ phase, index }) => arrivalsSet(profile, phase, index, value)),
    ],
  }
}

function variedKicks(profile: Profile): Varied {
  const phases = requirePhases(profile, 'kicks', 'slaves')
  const kicked = phases.some(({ phase }) => phase.run.includes('kicks'))
  return {
    start: kicked ? Math.round(profile.kicks.rate) : 0,
    sets: value => [
      `kicks.rate=${value}`,
      ...(kicked
        ? []
        : phases.map(({ phase, index }) => `phases.${index}.run=[${[...phase.run, 'kicks'].join(', ')}]`)),
    ],
  }
}

/** As many of the slaves restart together; the others are established. */
function variedResyncs(profile: Profile): Varied {
  const phases = requirePhases(profile, 'resyncs', 'slaves')
  const { count } = profile.slaves
  if (count < 2)
    throw new HarnessError('USAGE', '--vary resyncs: no slave is left to be disturbed', 'add --set slaves.count=20')
  const restarting = phases.filter(({ phase }) => phase.events.some(isRestart))
  const chosen =
    restarting.length > 0 ? restarting : [phases.find(({ phase }) => phase.run.includes('backends')) ?? phases[0]!]
  return {
    start: restarting.flatMap(({ phase }) => phase.events).find(isRestart)?.slaves ?? 0,
    most: count - 1,
    eventsOf: phase =>
      chosen.some(({ phase: other }) => other.name === phase.name) ? withRestart(phase, 1) : phase.events,
    sets: value => chosen.map(({ phase, index }) => `phases.${index}.events=${eventsText(withRestart(phase, value))}`),
  }
}

/** With so many slaves restarted wherever it restarts some; else near its start. */
function withRestart({ events }: Phase, slaves: number): Phase['events'] {
  return events.some(isRestart)
    ? events.map(event => (isRestart(event) ? { ...event, slaves } : event))
    : [...events, { at: RESTART_NS, do: 'restart', slaves }]
}

function isRestart(event: Phase['events'][number]): boolean {
  return event.do === 'restart'
}

export interface NumberedPhase {
  readonly phase: Phase
  readonly index: number
}

/** Phases with a length: those in which a load is looked at. */
export function timedPhases({ phases }: Pick<Profile, 'phases'>): NumberedPhase[] {
  return phases.map((phase, index) => ({ phase, index })).filter(({ phase }) => phase.duration !== undefined)
}

/** @throws {HarnessError} `USAGE` where there is none */
function requirePhases(profile: Profile, axis: CapacityAxis, runnable: 'slaves' | 'backends'): NumberedPhase[] {
  const phases = timedPhases(profile).filter(({ phase }) => phase.run.includes(runnable))
  if (phases.length > 0) return phases
  throw new HarnessError(
    'USAGE',
    `--vary ${axis}: ${profile.name} has no phase with a duration that runs ${runnable}`,
    'choose another profile, such as capacity, or give it one: see docs/capacity.md',
  )
}

/** Of all operations; a rate of its own for a phase that has one, 0 where there is none to begin with. */
function rateOf(profile: Profile, phase: Phase): number {
  const arrivals = phase.arrivals ?? profile.backends.arrivals
  switch (arrivals.kind) {
    case 'constant':
    case 'poisson':
      return arrivals.rate
    case 'ramp':
      return arrivals.from
    case 'burst':
      return (arrivals.size * 1e9) / arrivals.every
    case 'closed':
      return 0
  }
}

/** A closed loop has no rate, and ramps and bursts have no one rate. */
function arrivalsSet(profile: Profile, phase: Phase, index: number, rate: number): string {
  const { kind } = phase.arrivals ?? profile.backends.arrivals
  return `phases.${index}.arrivals={ kind: ${kind === 'poisson' ? 'poisson' : 'constant'}, rate: ${rate} }`
}

function eventsText(events: Phase['events']): string {
  const withUnits = events.map(event =>
    Object.fromEntries(
      Object.entries(event)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, DURATION_KEYS.has(key) ? durationText(Number(value)) : value]),
    ),
  )
  return JSON.stringify(withUnits)
}
