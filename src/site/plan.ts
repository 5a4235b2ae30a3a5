import { formatCount } from '../core/units.js'
import { isOfDisk } from '../limits/costs.js'
import { thrashNeeds } from '../limits/restart.js'
import { tolerance } from '../limits/resyncs.js'
import type { Calibration } from '../masters/model/calibration.js'
import type { PlanCost, PlanEvent, PlanLimit, PlanState, SitePlan } from '../metrics/site-plan-result.js'
import { costsOf, hostText, relationOf, usedCost } from './plan-costs.js'
import { eventsOf } from './plan-events.js'
import { limitsOf } from './plan-limits.js'
import { ms, span } from './plan-words.js'
import { recommendationsOf } from './recommend.js'
import type { Site } from './schema.js'
import { statesOf } from './states.js'

export interface PlanInputs {
  readonly site: Site
  readonly path: string
  readonly calibration: Calibration
  readonly harnessVersion: string
}

/** What a site's limits are, what breaks it first, and what to set. Pure: dates are reckoned from the site's own day. */
export function planOfSite({ site, path, calibration, harnessVersion }: PlanInputs): SitePlan {
  const states = statesOf(site)
  const costs = states.flatMap(state => costsOf(site, state, calibration))
  const limits = states.flatMap(state => limitsOf(site, state, usedCost(costs, 'list', state.name)!, calibration))
  const events = states.flatMap(state => eventsOf(site, state, costs))
  const breaksFirst = firstToBreak(events)
  return {
    schema: 'mupdate-bench/plan/1',
    harnessVersion,
    site: {
      path,
      asOf: site.asOf,
      growthPerDay: site.growthPerDay,
      retryDelayMs: site.slaves.retryDelay,
      bearsMs: bearsOf(site),
      states,
    },
    calibration: {
      madeAt: calibration.madeAt,
      master: `${calibration.master.kind} ${calibration.master.version}`,
      mailboxDatabase: calibration.master.mailboxDatabase,
      mailboxes: calibration.mailboxes,
      host: hostText(calibration),
      relation: relationOf(site, calibration),
    },
    summary: summaryOf({ site, states, costs, limits, events, breaksFirst }),
    breaksFirst: breaksFirst?.title ?? null,
    costs,
    limits,
    events,
    recommendations: recommendationsOf(site, states.at(-1)!, costs, calibration),
    users: usersOf(states, costs),
    unknown: unknownsOf(site, calibration),
  }
}

function bearsOf({ slaves: { retryDelay } }: Site): SitePlan['site']['bearsMs'] {
  const { lowMs, highMs } = tolerance(retryDelay)
  return { surely: lowMs, streaming: tolerance(retryDelay, true).lowMs, atMost: highMs }
}

const GRAVITY = { cannot: 0, can: 1, must: 2 } as const

/** The gravest of the first state that has one; of equals the one that needs least. */
function firstToBreak(events: readonly PlanEvent[]): PlanEvent | undefined {
  for (const state of ['today', 'planned']) {
    const own = events.filter(event => event.state === state && event.timeOuts !== 'cannot')
    const [first] = own.toSorted(
      (a, b) =>
        GRAVITY[b.thrash] - GRAVITY[a.thrash] ||
        (a.restarted ?? 0) - (b.restarted ?? 0) ||
        GRAVITY[b.timeOuts] - GRAVITY[a.timeOuts],
    )
    if (first !== undefined) return first
  }
  return undefined
}

interface Findings {
  readonly site: Site
  readonly states: readonly PlanState[]
  readonly costs: readonly PlanCost[]
  readonly limits: readonly PlanLimit[]
  readonly events: readonly PlanEvent[]
  readonly breaksFirst: PlanEvent | undefined
}

function summaryOf(findings: Findings): string[] {
  const { site, states, events, breaksFirst, limits } = findings
  const dated = limits.filter(({ reachedOn }) => reachedOn !== null)
  const first =
    breaksFirst === undefined
      ? `Nothing of what follows makes a frontend time out${states.length > 1 ? ', today or as planned' : ''}.`
      : `First to break${breaksFirst.state === 'planned' ? ', as planned' : ''}: ${breaksFirst.title} (${breaksFirst.arithmetic}).`
  return [
    ...states.flatMap(state =>
      stateSentences(
        findings,
        state,
        events.filter(event => event.state === state.name),
      ),
    ),
    first,
    ...dated.map(({ title, reachedOn, low }) =>
      reachedOn === site.asOf
        ? `Used up: ${title} (${formatCount(low)}).`
        : `Growth of ${formatCount(site.growthPerDay!)} a day uses up on ${reachedOn}: ${title} (${formatCount(low)}).`,
    ),
    ...loggedSentence(site),
  ]
}

function stateSentences({ site, costs }: Findings, state: PlanState, events: readonly PlanEvent[]): string[] {
  const named = state.name === 'today' ? 'Today' : 'As planned'
  const who = `${formatCount(state.mailboxes)} mailboxes, ${state.slaves} slaves`
  const listMs = usedCost(costs, 'list', state.name)!
  const begin = events.filter(({ thrash }) => thrash !== 'cannot')
  const only = events.filter(({ thrash, timeOuts }) => thrash === 'cannot' && timeOuts !== 'cannot')
  const says =
    begin.length > 0
      ? `these can begin a thrash: ${begin.map(({ title, thrash }) => (thrash === 'must' ? `${title} (does)` : title)).join('; ')}`
      : 'no event can begin a thrash'
  const ends =
    only.length === 0 ? '' : `; time-outs that end by themselves: ${only.map(({ title }) => title).join('; ')}`
  const needs = thrashNeeds(state.slaves, site.slaves.retryDelay)
  const { short } = costs.find(cost => cost.name === 'list' && cost.state === state.name && cost.used)!
  const marginal =
    needs === undefined
      ? ''
      : ` A list takes ${span(listMs)}, ${short}; a thrash after a restart needs ${ms(needs.listMs)}, ${marginText(needs.listMs / listMs.likely)}.`
  return [`${named} (${who}): ${says}${ends}.${marginal}`]
}

function marginText(factor: number): string {
  if (factor >= 2) return `${factor.toFixed(1)} times as much`
  return factor >= 1 ? `${percent(factor - 1)} more` : `${percent(1 - factor)} less`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`
}

function loggedSentence({ measured }: Site): string[] {
  if (measured === null || measured.timeouts === null) return []
  const resyncs = measured.resyncs === null ? '' : `, resyncs: ${formatCount(measured.resyncs)}`
  return [`Time-outs in the logs: ${formatCount(measured.timeouts)}${resyncs} (${measured.from}).`]
}

/** What people at their mail readers would notice. */
function usersOf(states: readonly PlanState[], costs: readonly PlanCost[]): string[] {
  return states.map(state => {
    const listMs = usedCost(costs, 'list', state.name)!
    const mergeMs = usedCost(costs, 'merge', state.name)
    const named = state.name === 'today' ? 'today' : 'as planned'
    const own =
      mergeMs === undefined
        ? `its list takes ${ms(listMs.likely)}; how long it writes it is unknown`
        : `a frontend that starts is ready after ${ms(listMs.likely + mergeMs.likely)} (list ${ms(listMs.likely)}, written ${ms(mergeMs.likely)}); one that lost its master turns its clients away for ${ms(mergeMs.likely)}`
    return `${named}: ${own}; each list that is on its way lets every create, rename, delete and change of rights wait ${ms(listMs.likely)} more`
  })
}

function unknownsOf({ growthPerDay, operations, measured, master, planned }: Site, calibration: Calibration): string[] {
  const no = (isUnknown: boolean, text: string) => (isUnknown ? [text] : [])
  return [
    ...no(
      growthPerDay === null,
      'growth: growthPerDay, or two dated dumps (plan init --dump); so nothing further has a date',
    ),
    ...no(
      operations.createsPerSecond === null && planned.createsPerSecond === null,
      'creates a second: operations.createsPerSecond, or counters of backends (plan init --counters)',
    ),
    ...no(
      operations.otherChangesPerSecond === null,
      'renames, deletes and changes of rights a second: operations.otherChangesPerSecond, or counters of backends; taken for none',
    ),
    ...no(
      (measured?.listSeconds ?? null) === null,
      'the time of a list at this site: measured.listSeconds, from mupdate-bench diagnose --json (plan init --diagnosis)',
    ),
    ...no(
      measured !== null && measured.mailboxes === null && (measured.listSeconds ?? measured.mergeSeconds) !== null,
      'how many mailboxes there were when lists were measured: measured.mailboxes; taken for as many as now',
    ),
    ...no(master.cpu === null, 'the CPU of the master’s host: master.cpu (plan init --master-cpu)'),
    ...no(
      master.place !== 'tmpfs' && !isOfDisk(calibration),
      'what a create costs on the site’s own disk: the calibration is of tmpfs',
    ),
    ...no(
      master.maxfds === null,
      'maxfds of the master’s cyrus.conf: master.maxfds (plan init --master cyrus.conf); Cyrus’s default is 256',
    ),
    ...no(
      master.database !== null && !calibration.master.mailboxDatabase.startsWith(master.database),
      `what lists and creates cost with ${master.database}: the calibration is of ${calibration.master.mailboxDatabase}`,
    ),
    ...no(master.place === null, 'whether mailboxes.db lies on a disk or on tmpfs: master.place (plan init --place)'),
  ]
}
