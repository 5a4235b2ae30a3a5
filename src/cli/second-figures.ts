import { formatCount } from '../core/units.js'
import type { Second } from '../engine/run.js'
import type { MetricGroups } from '../engine/span-tallies.js'
import type { AgentSecond } from '../metrics/second-line.js'
import { agentState, agentsThere, worstFirst } from '../report/page/agent-state.js'
import { boundedTime } from '../report/page/bounded.js'
import { okPerSecond } from '../report/page/columns.js'
import { agentSecond } from '../report/series.js'
import type { Standings } from '../slaves/standing.js'
import { type LiveState, withValue } from './live-state.js'

/** A simulation's has nothing that was watched. */
export type SecondSeen = Pick<Second, 'atNs' | 'phase' | 'tallies' | 'spanNs' | 'counters'> &
  Partial<Pick<Second, 'watch' | 'agents'>>

/** The state of a live view one second later. */
export function afterSecond(state: LiveState, second: SecondSeen, slaveCount: number, standings: Standings): LiveState {
  const groups = second.tallies.summary(second.spanNs)
  const { commands } = groups
  const { counters, phase, spanNs } = second
  const noop = commands['NOOP.plain']?.responseTimeUs
  const master = second.watch?.master.summary()
  return {
    title: state.title,
    events: state.events,
    noopP99Us: withValue(state.noopP99Us, noop?.p99),
    masterCores: withValue(state.masterCores, master?.meanCores),
    ...(state.phase === undefined ? {} : { phase: { ...state.phase, goneS: (second.atNs - phase.startNs) / 1e9 } }),
    ...(noop === undefined ? {} : { noop }),
    ...(master === undefined ? {} : { peggedShare: master.peggedMs / master.sampledMs }),
    ...(second.agents && { agents: second.agents.map(agentSecond) }),
    ...loadOf(groups, counters.operationsQueued + counters.operationsInFlight, spanNs),
    ...(phase.plan.run.includes('preload')
      ? { preload: { mailboxes: counters.preloaded, perSecond: okPerSecond(commands.ACTIVATE) } }
      : {}),
    ...(slaveCount === 0 && standings.known === 0
      ? {}
      : { slaves: { count: Math.max(slaveCount, counters.slavesMost), standings: standings.counts } }),
  }
}

function timeLeft({ isLimit, lengthS, goneS }: NonNullable<LiveState['phase']>): string {
  if (isNobodys({ isLimit, lengthS })) return ''
  return ` (${isLimit ? '≤ ' : ''}${Math.max(0, Math.ceil(lengthS - goneS))} s left)`
}

/** A limit that is there for no purpose: that of a step, unless it was given. */
export function isNobodys({ isLimit, lengthS }: Pick<NonNullable<LiveState['phase']>, 'isLimit' | 'lengthS'>): boolean {
  return isLimit && lengthS > 86_400
}

/** Where there is no terminal to draw on: the same in one line. */
export function plainLine({ phase, noop, masterCores, load, preload, slaves, agents }: LiveState): string {
  const cores = masterCores.at(-1)
  const parts = [
    ...(phase === undefined ? [] : [`${phase.number}/${phase.count} ${phase.name}${timeLeft(phase)}`]),
    ...(preload === undefined
      ? []
      : [`${formatCount(preload.mailboxes)} mailboxes, ${formatCount(preload.perSecond)}/s`]),
    ...(load === undefined ? [] : [`${formatCount(load.donePerSecond)} ops/s`]),
    ...(load === undefined || load.waiting === 0 ? [] : [`${formatCount(load.waiting)} under way`]),
    ...(slaves === undefined ? [] : [`slaves ${slaves.standings.streaming}/${slaves.count}`]),
    ...(noop === undefined
      ? []
      : [`NOOP p50 ${boundedTime(noop, 'p50')} p99 ${boundedTime(noop, 'p99')} max ${boundedTime(noop, 'max')}`]),
    ...(cores === undefined ? [] : [`master ${cores.toFixed(2)} CPU`]),
    ...(agents === undefined || agents.length === 0 ? [] : [agentsText(agents)]),
  ]
  return parts.join(' · ')
}

function agentsText(agents: readonly AgentSecond[]): string {
  return `agents ${agentsThere(agents)}/${agents.length}, ${agentState(worstFirst(agents)[0])}`
}

/** What was offered is not known of a closed loop, which offers as much as is taken. */
function loadOf({ operations, harness }: MetricGroups, waiting: number, spanNs: number): Pick<LiveState, 'load'> {
  const offered = Object.entries(harness).filter(([name]) => name.startsWith('offered.'))
  const done = Object.values(operations)
  if (done.length === 0 && offered.length === 0 && waiting === 0) return {}
  return {
    load: {
      ...(offered.length === 0
        ? {}
        : { offeredPerSecond: offered.reduce((sum, [, { count }]) => sum + count, 0) / (spanNs / 1e9) }),
      donePerSecond: done.reduce((sum, metric) => sum + okPerSecond(metric), 0),
      createsPerSecond: okPerSecond(operations.create),
      waiting,
    },
  }
}
